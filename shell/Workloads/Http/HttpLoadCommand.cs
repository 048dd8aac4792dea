using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>The hidden command that is an http workload's process.</summary>
internal static class HttpLoadCommand
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(500);

    public static async Task<int> RunAsync()
    {
        NativeProcess.DieWithParent();
        using var control = new WorkloadControl();
        var order = control.ReadOrder(WorkloadJson.Default.HttpOrder);
        using var stopping = new CancellationTokenSource();
        var ramp = new VuRamp(order.RampNanoseconds ?? 0, order.Vus ?? 0);
        control.Listen(command => Obey(command, stopping, ramp));
        if (!HttpLoad.TryCreate(order, ramp, out var load, out var fault))
        {
            control.Report(new WorkloadReport(null, null, fault));
            return 1;
        }

        await WarmUp.RunAsync(order);
        using (load)
        {
            var run = load.RunAsync(stopping.Token);
            while (await Task.WhenAny(run, Task.Delay(ReportInterval)) != run)
                control.Report(new WorkloadReport(WorkloadNumbers.Of(load.Snapshot()), null, null));
            await run;
            var exitCode = stopping.IsCancellationRequested ? 128 + NativeProcess.SignalTerminate : 0;
            control.Report(new WorkloadReport(WorkloadNumbers.Of(load.Snapshot()), exitCode, null));
        }

        return 0;
    }

    private static void Obey(byte command, CancellationTokenSource stopping, VuRamp ramp)
    {
        switch (command)
        {
            case WorkloadControl.Terminate:
                stopping.Cancel();
                break;
            case WorkloadControl.HoldRamp:
                ramp.Hold(MonotonicClock.Nanoseconds);
                break;
            case WorkloadControl.ResumeRamp:
                ramp.Resume(MonotonicClock.Nanoseconds);
                break;
            // The kernel's end is the only one that no busy thread pool can delay.
            default:
                NativeProcess.Signal(Environment.ProcessId, NativeProcess.SignalKill);
                break;
        }
    }
}
