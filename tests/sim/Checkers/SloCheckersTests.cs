using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checker of latencies notices what it is there for.</summary>
public sealed class SloCheckersTests
{
    [Theory]
    [InlineData(1_000_000, 1, "tells of 1000000 latencies of 000-0000000001; there were")]
    [InlineData(1, 60_000, "tells of a p99 of 60000 ms of 000-0000000001; the slowest took")]
    public void Latencies_that_nobody_measured_are_noticed(int samples, float p99Ms, string broken)
    {
        var bench = Ready(samples, p99Ms);

        Assert.Contains(broken, bench.Breaks(() => Tell(bench)), StringComparison.Ordinal);
    }

    [Fact]
    public void Latencies_of_answers_that_were_are_no_fault() => Tell(Ready(samples: 1, p99Ms: 0));

    private static void Tell(CheckerBench bench) =>
        bench.Host(CheckerBench.Manager).Post(new NodeInput.PeerLost(default));

    /// <summary>A workload ran for two seconds; its manager is about to tell of its latencies.</summary>
    private static CheckerBench Ready(int samples, float p99Ms)
    {
        var summary = new SloSummary(0, 0, p99Ms, (uint)samples, 1, 1, Duration.Zero);
        var heartbeat = new Message.ManagerHeartbeat("dc-a", new BootId(1), 1, true, 1, 1, 2, 2, 2, 0)
        {
            Slo = new DatacenterSlo(SloHealth.Healthy, summary, [new JobSlo(CheckerBench.Job, summary)]),
        };
        var bench = new CheckerBench(new LatenciesOnce());
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Worker, CheckerBench.Start());
        bench.Run(seconds: 3);
        bench.Nodes.Answer<NodeInput.PeerLost>(
            CheckerBench.Manager,
            new NodeEffect.Send(NodeId.Of(CheckerBench.Gate), heartbeat, Hyperscale.Det.Nodes.Barrier.None));
        return bench;
    }
}
