using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Resources;

namespace Hyperscale.Det.Tests.Shell.Workloads;

/// <summary>A kill that takes its time.</summary>
public sealed class KillInFlightTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // More than a workload is given to end its tree by itself.
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(600);

    [Fact]
    public async Task Nobody_waits_for_a_kill_but_whoever_would_reap_the_root()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var enforcer = new SlowKills();
        await using var attempts = new Attempts(enforcer: enforcer);
        try
        {
            // A supervisor that is stopped does not end its tree itself.
            var attempt = attempts.Start(Attempts.Shell("kill -STOP $PPID; exec sleep 30"));
            await Attempts.UntilAsync(() => Root() is { IsStopped: true }, "the supervisor to be stopped");
            attempts.Stop(attempt, WorkloadSignal.Kill);
            await Attempts.UntilAsync(() => enforcer.Kills == 1, "the kill");

            var calls = Task.Run(
                () =>
                {
                    attempts.Throttle(attempt, new ThrottleOrder(CpuPercent: 10, RunPermille: 100));
                    attempts.Throttle(attempt, null);
                    attempts.Sample();
                    attempts.Stop(attempt, WorkloadSignal.Kill);
                },
                cancellation);
            await calls.WaitAsync(Patience, cancellation);
            await Task.Delay(Grace, cancellation);
            Assert.Equal(1, enforcer.Kills);

            NativeProcess.Signal(enforcer.Root, NativeProcess.SignalKill);
            await Attempts.UntilAsync(() => Root() is { IsZombie: true }, "the supervisor to end");
            await Task.Delay(Grace, cancellation);
            Assert.True(Root() is { IsZombie: true });

            enforcer.LetGo();
            await attempts.EndOf(attempt);
            Assert.Null(Root());
        }
        finally
        {
            enforcer.LetGo();
        }

        ProcessEntry? Root() => ProcessScan.Read(enforcer.Root, out var root) == ProcessLook.Found
            ? root
            : null;
    }

    /// <summary>The first kill lasts until it is let go.</summary>
    private sealed class SlowKills : IResourceEnforcer
    {
        private readonly ProcEnforcer _inner = new();
        private readonly ManualResetEventSlim _gate = new();
        private int _kills;
        private int _root;

        public string Name => "slow";

        public int Root => Volatile.Read(ref _root);

        public int Kills => Volatile.Read(ref _kills);

        public IHeldTree Hold(int root, bool holdsRoot)
        {
            Volatile.Write(ref _root, root);
            return new SlowTree(this, _inner.Hold(root, holdsRoot));
        }

        public void Refresh() => _inner.Refresh();

        public void LetGo() => _gate.Set();

        public void Dispose()
        {
            _inner.Dispose();
            _gate.Dispose();
        }

        private sealed class SlowTree(SlowKills owner, IHeldTree inner) : IHeldTree
        {
            public TreeReading? Read(Instant at) => inner.Read(at);

            public void Throttle(ThrottleOrder? order) => inner.Throttle(order);

            public int Kill()
            {
                if (Interlocked.Increment(ref owner._kills) == 1) owner._gate.Wait();
                return inner.Kill();
            }

            public void Dispose() => inner.Dispose();
        }
    }
}
