using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Workloads;

/// <summary>The hidden command below which an exec workload runs: it adopts everything that the command
/// leaves behind and ends only when all of it has.</summary>
internal static class CommandSupervisor
{
    public static int Run()
    {
        using var control = new WorkloadControl();
        var order = control.ReadOrder(WorkloadJson.Default.CommandOrder);
        NativeProcess.AdoptOrphans();
        // A polite signal to this process must not leave the command behind.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => KillAll();
        var command = Spawn.Start(
            order.Command, order.Environment, [-1, 1, 2], NativeProcess.SetGroup, out var error);
        if (command == 0)
        {
            var fault = WorkloadOrders.StartFault(order.Command[0], error);
            control.Report(new WorkloadReport(null, null, fault));
            return 1;
        }

        control.Listen(OnOrder);
        // Only this thread reaps. Once nobody is left to wait for, the whole tree is gone.
        int reaped, commandExit = 0;
        while ((reaped = NativeProcess.Reap(-1, out var exitCode)) != 0)
        {
            if (reaped != command) continue;
            commandExit = exitCode;
            KillAllSoon();
        }

        control.Report(new WorkloadReport(null, commandExit, null));
        return 0;
    }

    private static void OnOrder(byte order)
    {
        if (order == WorkloadControl.Terminate) Terminate();
        else KillAllSoon();
    }

    private static void KillAllSoon() =>
        new Thread(KillForGood) { IsBackground = true, Name = "kill what is left" }.Start();

    private static void Terminate()
    {
        try
        {
            ProcessTree.Signal(Environment.ProcessId, NativeProcess.SignalTerminate);
        }
        // Who cannot be asked to end is killed for it later.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    // A process may start another one while we look, and that one is found in the next round. It goes on
    // until this process ends, as it does once it has nobody to wait for: a look that finds nobody is no
    // proof.
    private static void KillForGood()
    {
        while (true)
        {
            var found = ProcessTree.Kill(Environment.ProcessId);
            Thread.Sleep(found > 0 ? 1 : 10);
        }
    }

    private static void KillAll()
    {
        while (ProcessTree.Kill(Environment.ProcessId) > 0) Thread.Sleep(1);
    }
}
