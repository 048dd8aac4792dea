using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Target;
using Hyperscale.Det.Shell.Workloads;
using Microsoft.Win32.SafeHandles;

namespace Hyperscale.Det.Tests.Shell.Workloads;

/// <summary>What the kernel does when a worker dies, however it dies: its pipes end and its threads
/// do.</summary>
public sealed class ParentDeathTests
{
    [Fact]
    public async Task A_command_ends_with_its_worker()
    {
        var sleep = $"{900_000 + (Environment.ProcessId % 100_000)}";
        var order = WorkloadControl.Encode(
            new CommandOrder(
                ["sh", "-c", $"setsid sleep {sleep} & sleep {sleep}"],
                WorkloadOrders.OwnEnvironment(isPaced: false)),
            WorkloadJson.Default.CommandOrder);
        using var worker = new Worker(WorkloadProgram.Supervise, order);
        await Attempts.UntilAsync(() => Attempts.Living(sleep) == 2, "two sleeps");
        worker.EndPipes();
        await Attempts.UntilAsync(() => Attempts.Living(sleep) == 0, "no sleep");
        // It ends by itself, having nobody to report to.
        Assert.Equal(0, await worker.ReapAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_load_ends_with_its_worker(bool endsPipes)
    {
        var options = TargetOptions.Default with { Latency = TimeSpan.FromMilliseconds(20) };
        var cancellation = TestContext.Current.CancellationToken;
        await using var target = await TargetServer.StartAsync(options, cancellation);
        var order = WorkloadControl.Encode(
            new HttpOrder("GET", target.Url, [], null, [], 5_000_000_000, 60_000_000_000, 2, null, null),
            WorkloadJson.Default.HttpOrder);
        using var worker = new Worker(WorkloadProgram.LoadHttp, order);
        await Attempts.UntilAsync(() => target.Served > 2, "requests");
        if (endsPipes) worker.EndPipes();
        else worker.EndThread();
        Assert.Equal(128 + 9, await worker.ReapAsync());
    }

    private sealed class Worker : IDisposable
    {
        private readonly ManualResetEventSlim _ended = new();
        private readonly FileStream _control;
        private readonly FileStream _reports;
        private readonly int _pid;

        public Worker(string mode, byte[] order)
        {
            var (orders, control) = NativeProcess.Pipe();
            var (reports, writer) = NativeProcess.Pipe();
            _control = new FileStream(new SafeFileHandle(control, true), FileAccess.Write, 0);
            _reports = new FileStream(new SafeFileHandle(reports, true), FileAccess.Read, 0);
            var started = new TaskCompletionSource<int>();
            new Thread(() =>
            {
                started.SetResult(Spawn.Start(
                    [WorkloadProgram.Own.Path, mode], WorkloadOrders.OwnEnvironment(isPaced: false),
                    [orders, writer, writer, writer], NativeProcess.SetSession, out _));
                _ended.Wait();
            })
            { IsBackground = true }.Start();
            _pid = started.Task.GetAwaiter().GetResult();
            Assert.NotEqual(0, _pid);
            NativeProcess.Close(orders);
            NativeProcess.Close(writer);
            _control.Write(order);
        }

        public void Dispose()
        {
            EndPipes();
            _ended.Set();
        }

        public void EndThread() => _ended.Set();

        public void EndPipes()
        {
            _control.Dispose();
            _reports.Dispose();
        }

        public async Task<int> ReapAsync()
        {
            var reaping = Task.Run(() =>
            {
                Assert.Equal(_pid, NativeProcess.Reap(_pid, out var exitCode));
                return exitCode;
            });
            return await reaping.WaitAsync(TimeSpan.FromSeconds(10));
        }
    }
}
