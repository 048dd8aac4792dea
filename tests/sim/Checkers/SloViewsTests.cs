using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checker of what gates make of latencies notices what it is there for.</summary>
public sealed class SloViewsTests
{
    private const string Other = "gate-2";

    private static readonly Plan OneGate = CalmPlan.Smallest;

    private static readonly Plan TwoGates = OneGate with
    {
        Topology = new PlanTopology(2, 1, [new PlanDatacenter("dc-a", 1, [2])], Clients: 1),
    };

    private readonly SortedDictionary<NodeId, SloView> _views = [];
    private bool _isLed;

    [Theory]
    [InlineData(30, null)]
    [InlineData(31, "that are 31s old")]
    public void What_is_too_old_is_noticed(int age, string? fault)
    {
        Know(CheckerBench.Gate, View(1, age));

        Expect(fault, Ready(), Beat(1));
    }

    [Fact]
    public void What_is_too_old_is_noticed_between_messages_too()
    {
        var bench = Ready();
        Know(CheckerBench.Gate, View(1, age: 31));

        Assert.Contains("31s old", bench.Breaks(bench.Checker.OnSample), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "and goes by nothing")]
    [InlineData(2, "was told")]
    public void What_was_told_and_is_not_gone_by_is_noticed(int version, string fault)
    {
        if (version > 1) Know(CheckerBench.Gate, View(version - 1));

        Expect(fault, Ready(), Beat(version));
    }

    [Fact]
    public void What_another_gate_told_and_is_not_gone_by_is_noticed()
    {
        Expect("and goes by nothing", Ready(), Gossip(age: 30));
        Expect(null, Ready(), Gossip(age: 31));
    }

    [Theory]
    [InlineData(30, "which still counts")]
    [InlineData(31, null)]
    public void An_older_report_in_the_place_of_one_that_still_counts_is_noticed(int seconds, string? fault)
    {
        var bench = Ready();
        Know(CheckerBench.Gate, View(5));
        Expect(null, bench, Beat(5));
        bench.Run(seconds);
        Know(CheckerBench.Gate, View(4));

        Expect(fault, bench, Beat(4));
    }

    [Fact]
    public void A_new_primary_that_has_heard_little_need_not_be_believed()
    {
        var bench = Ready();
        Know(CheckerBench.Gate, View(5));
        Expect(null, bench, Beat(5));
        Expect(null, bench, Beat(1, view: 2, samples: 99));

        Expect("was told", bench, Beat(1, view: 2, samples: 100));
    }

    [Theory]
    [InlineData(30, null)]
    [InlineData(31, "was told")]
    public void A_new_primary_that_has_heard_little_is_believed_once_nothing_else_counts(
        int seconds, string? fault)
    {
        var bench = Ready();
        Know(CheckerBench.Gate, View(5));
        Expect(null, bench, Beat(5));
        bench.Run(seconds);
        if (fault is not null) _views.Clear();

        Expect(fault, bench, Beat(1, view: 2, samples: 99));
    }

    [Theory]
    [InlineData(1, 1, false, true, null)]
    [InlineData(1, 0, false, true, "gate-2 knows nothing of dc-a")]
    [InlineData(1, 0, false, false, "gate-2 knows nothing of dc-a")]
    [InlineData(1, 21, false, true, "gate-2 knows nothing new of dc-a")]
    [InlineData(1, 1, true, true, "make different things of")]
    [InlineData(0, 0, false, false, null)]
    [InlineData(0, 0, false, true, "gate-1 knows nothing of dc-a")]
    [InlineData(21, 21, false, false, null)]
    [InlineData(21, 21, false, true, "gate-1 knows nothing new of dc-a")]
    public void Gates_that_know_other_things_once_the_world_is_healed_are_noticed(
        int age, int otherAge, bool differs, bool isLed, string? fault)
    {
        _isLed = isLed;
        if (age > 0) Know(CheckerBench.Gate, View(5, age));
        if (otherAge > 0)
            Know(Other, View(5, otherAge) with { Health = SloHealth.Of(differs ? SloRuleKind.P50Busy : 0) });
        var bench = Ready(TwoGates);
        bench.Run((int)(TwoGates.FaultsEnd.Milliseconds / 1000) + 1);
        Assert.Equal(fault is null, bench.Checker.IsAtRest);
        bench.Run(seconds: 61);
        if (fault is null) bench.Checker.OnEnd();
        else Assert.Contains(fault, bench.Breaks(bench.Checker.OnEnd), StringComparison.Ordinal);
    }

    private CheckerBench Ready(Plan? plan = null)
    {
        var views = new SloViews((host, _) => _views.GetValueOrDefault(host.Id), _ => _isLed);
        return new CheckerBench(views, plan ?? OneGate).Run();
    }

    private static void Expect(string? fault, CheckerBench bench, Message message)
    {
        void Hear() => bench.Host(CheckerBench.Gate).Post(
            new NodeInput.Received(NodeId.Of(CheckerBench.Manager), message));

        if (fault is null) Hear();
        else Assert.Contains(fault, bench.Breaks(Hear), StringComparison.Ordinal);
    }

    private void Know(string gate, SloView view) => _views[NodeId.Of(gate)] = view;

    private static SloView View(long version, int age = 0) => new(
        SloHealth.Healthy, SummaryOf(100, age), SloLevel.Meeting, 1)
    { Mark = new SloMark(1, 1, version) };

    private static SloSummary SummaryOf(uint samples, int age = 0) =>
        new(1, 1, 1, samples, 0.9f, 1, Duration.FromSeconds(age));

    private static Message.ManagerHeartbeat Beat(long version, long view = 1, uint samples = 100) => new(
        "dc-a", new BootId(1), version, IsPrimary: true, view, 1, 2, 2, 2, 0)
    {
        Slo = new DatacenterSlo(SloHealth.Healthy, SummaryOf(samples), []),
    };

    private static Message.SloTold Gossip(int age) => new([
        new SloGossip("dc-a", new SloMark(1, 1, 1), SloHealth.Healthy, SummaryOf(100, age)),
    ]);
}
