using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checkers of latencies and of what follows from them notice what they are there
/// for.</summary>
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

    [Theory]
    [InlineData(9, false, null)]
    [InlineData(10, false, "P50Busy has been broken for")]
    [InlineData(10, true, null)]
    [InlineData(9, true, "P50Busy has been broken only since")]
    public void What_has_lasted_is_to_be_found_and_not_before(int seconds, bool isFound, string? fault)
    {
        var latencies = Heard(ms: 100);
        Assert.Empty(Report(latencies, 1, isBusy: false));

        Said(fault, Report(latencies, 1 + seconds, isFound));
    }

    [Theory]
    [InlineData(9, true, null)]
    [InlineData(10, true, "P50Busy has been whole for long enough")]
    [InlineData(10, false, null)]
    [InlineData(8, false, "P50Busy has been whole only since")]
    public void What_is_over_is_to_heal_once_it_has_been_for_as_long_and_not_before(
        int seconds, bool isBusy, string? fault)
    {
        var latencies = Heard(ms: 100);
        Report(latencies, 1, isBusy: false);
        Assert.Empty(Report(latencies, 11, isBusy: true));
        Assert.Empty(Report(latencies, 61, isBusy: true));
        latencies.OnHeard(Of(ms: 10), Targets, At(61));
        Assert.Empty(Report(latencies, 62, isBusy: true));

        Said(fault, Report(latencies, 62 + seconds, isBusy));
    }

    [Fact]
    public void Too_few_latencies_are_to_find_nothing()
    {
        var latencies = Heard(ms: 100);
        Report(latencies, 1, isBusy: false);
        Report(latencies, 8, isBusy: false, samples: 99);

        Said("P50Busy has been broken only since", Report(latencies, 12, isBusy: true));
        Said("P50Busy has been broken only since", Report(Heard(ms: 100), 12, isBusy: true, samples: 99));
    }

    [Fact]
    public void What_an_earlier_primary_found_stands_until_it_is_over()
    {
        var latencies = Heard(ms: 10);
        Report(latencies, 1, isBusy: false);
        latencies.OnInherited(Busy, At(2));

        Assert.Empty(Report(latencies, 11, isBusy: true));
        Said("P50Busy has been whole only since", Report(latencies, 11, isBusy: false));
    }

    private static readonly LatencySlo Targets = new(50, 200, 500);

    private static readonly SloHealth Busy = new(DatacenterHealth.Busy, SloRuleKind.P50Busy);

    private static Instant At(int second) => Instant.Zero + Duration.FromSeconds(second);

    private static LatencyDigest Of(int ms) => LatencyDigest.From([(ms * 1_000, 1_000)]);

    /// <summary>Of windows of 12 seconds, of which 5 count.</summary>
    private static ManagerLatencies Heard(int ms)
    {
        var latencies = new ManagerLatencies(SloConfig.Default with
        {
            WindowDuration = Duration.FromSeconds(12),
            Busy = new SloRule(1.5, Duration.FromSeconds(10)),
        });
        latencies.OnHeard(Of(ms), Targets, At(1));
        return latencies;
    }

    private static List<string> Report(
        ManagerLatencies latencies, int second, bool isBusy, uint samples = 1_000) =>
    [
        .. latencies.OnReported(
            new DatacenterSlo(
                isBusy ? Busy : SloHealth.Healthy,
                new SloSummary(0, 0, 0, samples, 1, 1, Duration.Zero),
                []),
            At(second)),
    ];

    private static void Said(string? fault, List<string> said)
    {
        if (fault is null) Assert.Empty(said);
        else Assert.StartsWith(fault, Assert.Single(said), StringComparison.Ordinal);
    }

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
