using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Resources;

namespace Hyperscale.Det.Tests.Shell.Workloads;

/// <summary>A workload of which something cannot be killed.</summary>
public sealed class SurvivorTests
{
    [Theory]
    [InlineData("kill -TERM $$", 143, "")]
    [InlineData(
        "kill -9 $PPID; exec sleep 30", null,
        "the workload's process ended without a result (exit code 137); ")]
    public async Task What_could_not_be_killed_is_told_with_the_end(
        string script, int? exitCode, string fault)
    {
        await using var attempts = new Attempts(enforcer: new Immortals());

        var exited = await attempts.RunAsync(Attempts.Shell(script));

        Assert.Equal(
            (exitCode, $"{fault}a process of the workload could not be killed"),
            (exited.ExitCode, exited.Fault));
    }

    [Fact]
    public async Task What_could_not_be_killed_of_what_was_stopped_is_told_with_its_end()
    {
        await using var attempts = new Attempts(enforcer: new Immortals());
        var attempt = attempts.Start(Attempts.Shell("exec sleep 30"));
        await Attempts.UntilAsync(() => attempts.Sample().Count == 1, "the workload");
        attempts.Stop(attempt, WorkloadSignal.Kill);

        var exited = await attempts.EndOf(attempt);

        Assert.NotNull(exited.ExitCode);
        Assert.Equal("a process of the workload could not be killed", exited.Fault);
    }

    /// <summary>Something of every tree is always left.</summary>
    private sealed class Immortals : IResourceEnforcer
    {
        private readonly ProcEnforcer _inner = new();

        public string Name => "immortal";

        public IHeldTree Hold(int root, bool holdsRoot) => new Immortal(_inner.Hold(root, holdsRoot));

        public void Refresh() => _inner.Refresh();

        public void Dispose() => _inner.Dispose();
    }

    private sealed class Immortal(IHeldTree inner) : IHeldTree
    {
        public TreeReading? Read(Instant at) => inner.Read(at);

        public void Throttle(ThrottleOrder? order) => inner.Throttle(order);

        public int Kill() => inner.Kill() + 1;

        public void Dispose() => inner.Dispose();
    }
}
