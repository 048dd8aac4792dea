using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checkers of replicas notice what they are there for.</summary>
public sealed class ReplicaCheckersTests
{
    private const string One = "gate-1";
    private const string Two = "gate-2";
    private const string Three = "gate-3";

    private static readonly Plan ThreeGates = CalmPlan.Smallest with
    {
        Topology = CalmPlan.Smallest.Topology with { Gates = 3 },
    };

    private static readonly VsrEntry First = LogRecords.After(null, view: 0, stamp: 1);
    private static readonly VsrEntry Other = LogRecords.After(null, view: 0, stamp: 2);

    [Fact]
    public void Two_histories_of_a_group_are_noticed()
    {
        var bench = Bench(new OneHistory(), (One, 0, First), (Two, 0, Other));

        Assert.Contains("at op 1 of group 0", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_history_on_all_replicas_is_fine() =>
        Bench(new OneHistory(), (One, 0, First), (Two, 0, First), (Three, 0, First)).Run();

    [Fact]
    public void A_commit_that_is_on_one_disk_of_three_is_noticed()
    {
        var bench = Bench(new CommittedSurvives());
        bench.Run();
        bench.Nodes.Answer<NodeInput.Started>(One, LogRecords.Append(First));
        Poke(bench, One);
        bench.Run();
        Become(bench, One, 0, First);

        Assert.Contains("1 of 3 disks", bench.Breaks(() => Poke(bench, One)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_commit_on_two_disks_of_three_is_fine_until_one_of_them_forgets_it()
    {
        var bench = CommittedOnTwo();
        Assert.Contains("1 of 3 disks", bench.Breaks(() =>
            bench.Checker.OnStarted(bench.Host(Two), RecoveredLog.Nothing)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_disk_is_excused_until_it_has_learnt_again()
    {
        var bench = CommittedOnTwo();
        bench.Checker.OnStarted(bench.Host(Two), RecoveredLog.Nothing with { Incarnation = 2 });
        Assert.Contains("1 of 3 disks", bench.Breaks(() =>
            bench.Checker.OnStarted(bench.Host(One), RecoveredLog.Nothing)), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_lives_that_lead_in_one_view_are_noticed()
    {
        var crash = new PlannedFault.Crash(
            Duration.FromSeconds(1), One, CrashPoint.Anywhere, CrashExtent.Process, Duration.FromSeconds(1));
        var checker = new OnePrimary();
        var bench = new CheckerBench(checker, CalmPlan.Smallest.With(crash));
        bench.Nodes.At(One).Replicas.Add(Leader());

        Assert.Contains("leads group 0 in view 1", bench.BreaksWhenRun(3), StringComparison.Ordinal);
    }

    [Fact]
    public void A_view_that_falls_is_noticed()
    {
        var bench = Bench(new ReplicasRise(), (One, 3, First));
        bench.Run();
        Become(bench, One, 2, First);

        Assert.Contains("View = 2", bench.Breaks(() => Poke(bench, One)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_view_that_is_forgotten_by_a_restart_is_noticed()
    {
        var bench = Bench(new ReplicasRise(), (One, 3, First));
        bench.Run();
        bench.Checker.OnStarted(bench.Host(One), RecoveredLog.Nothing);
        Become(bench, One, 2, First);

        Assert.Contains("after Height { View = 3", bench.Breaks(() => Poke(bench, One)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_commit_that_falls_is_noticed()
    {
        var bench = Bench(new ReplicasRise(), (One, 0, First));
        bench.Run();
        Become(bench, One, 0);

        Assert.Contains("Commit = 0", bench.Breaks(() => Poke(bench, One)), StringComparison.Ordinal);
    }

    [Fact]
    public void Different_states_at_one_op_are_noticed()
    {
        var bench = Bench(new Convergence(), (One, 0, First), (Two, 0, First));
        bench.Nodes.At(Two).State = new byte[] { 1 };
        bench.Run();

        Assert.Contains("have different states", bench.Breaks(bench.Checker.OnSample),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_replica_that_never_catches_up_is_noticed()
    {
        var bench = Bench(new Convergence(), (One, 0, First), (Two, 0, null));

        Assert.Contains("group 0 is apart", bench.Breaks(bench.World.Run), StringComparison.Ordinal);
    }

    /// <summary>A group whose first entry is committed: it is on the disks of two gates of three.</summary>
    private static CheckerBench CommittedOnTwo()
    {
        var bench = Bench(new CommittedSurvives());
        bench.Run();
        foreach (var gate in (string[])[One, Two])
        {
            bench.Nodes.Answer<NodeInput.Started>(gate, LogRecords.Append(First));
            Poke(bench, gate);
        }

        bench.Run();
        Become(bench, One, 0, First);
        Poke(bench, One);
        return bench;
    }

    private static CheckerBench Bench(
        Checker checker, params (string Gate, long View, VsrEntry? Committed)[] replicas)
    {
        var bench = new CheckerBench(checker, ThreeGates);
        foreach (var (gate, view, committed) in replicas)
            Become(bench, gate, view, committed is null ? [] : [committed]);
        return bench;
    }

    /// <summary>The gate's replica is from here on in this state; a step shows it.</summary>
    private static void Become(CheckerBench bench, string gate, long view, params VsrEntry[] committed)
    {
        var replicas = bench.Nodes.At(gate).Replicas;
        replicas.Clear();
        replicas.Add(Follower(view, committed));
        bench.Nodes.At(gate).OnInput = null;
    }

    private static void Poke(CheckerBench bench, string gate) =>
        bench.Host(gate).Post(new NodeInput.Started(RecoveredLog.Nothing, 0, default, new WallTime(0)));

    /// <summary>A replica that follows in a view and has committed these entries.</summary>
    private static VsrReplica Follower(long view, VsrEntry[] committed)
    {
        var self = (int)((view + 1) % 3);
        var durable = new VsrDurable();
        durable.TryReplay(new VsrRecord.LogInstalled(
            view, LogPosition.Start, new WallTime(0), null, committed, committed.Length));
        return Started(new VsrReplica(VsrConfig.Default(0, Names, self)), durable);
    }

    /// <summary>A replica that leads its group alone, in view 1.</summary>
    private static VsrReplica Leader()
    {
        var replica = Started(new VsrReplica(VsrConfig.Default(0, [Names[0]], 0)), new VsrDurable());
        replica.Step(new VsrInput.Persisted(3), Instant.Zero, new Outbox<VsrEffect>());
        return replica;
    }

    private static VsrReplica Started(VsrReplica replica, VsrDurable durable)
    {
        replica.Step(new VsrInput.Recovered(durable, 1, null), Instant.Zero, new Outbox<VsrEffect>());
        return replica;
    }

    private static readonly NodeId[] Names = [NodeId.Of(One), NodeId.Of(Two), NodeId.Of(Three)];
}
