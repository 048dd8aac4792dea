using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Durability;

/// <summary>What a start does about a disk that is new, lost or damaged.</summary>
public sealed class StartDecisionTests
{
    private const long Seconds = 1_800_000_000;

    private static readonly DiskLife Second = new(new BootId(9), 2, HasLog: true);
    private static readonly WalFault Damage = new(WalVerdict.Corrupt, "frame 3 is damaged");

    [Fact]
    public void An_intact_disk_goes_on_in_its_life() =>
        Assert.Equal(
            new StartDecision.Resume(2), Decide(new DiskFindings(false, Second, 2, null), replicas: 1));

    [Theory]
    [InlineData(2, 3)]
    [InlineData(7, 8)]
    [InlineData(0, Seconds << 20)]
    public void A_damaged_one_begins_a_life_above_every_one_that_is_known(long newest, long begun) =>
        Assert.Equal(
            new StartDecision.BeginLife(begun),
            Decide(new DiskFindings(false, newest == 0 ? null : Second, newest, Damage), replicas: 3));

    [Fact]
    public void A_damaged_one_of_which_there_is_no_other_copy_is_refused_with_what_can_be_done()
    {
        var fault = Refused(new DiskFindings(false, Second, 2, Damage), replicas: 1);

        Assert.Equal(WalVerdict.Corrupt, fault.Verdict);
        Assert.Contains("frame 3 is damaged", fault.Message, StringComparison.Ordinal);
        Assert.Contains("gate-1 alone keeps its ledger", fault.Message, StringComparison.Ordinal);
        Assert.Contains("an intact copy", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    public void Only_a_quorum_of_others_makes_good_what_is_lost(int replicas, bool canLearn)
    {
        var decision = Decide(new DiskFindings(false, Second, 2, Damage), replicas);

        Assert.Equal(canLearn, decision is StartDecision.BeginLife);
        Assert.Equal(replicas == 2, decision is StartDecision.Refuse refuse && refuse.Fault.Message.Contains(
            "only 2 nodes keep the ledger of gate-1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(WalVerdict.ForeignCluster)]
    [InlineData(WalVerdict.ForeignNode)]
    [InlineData(WalVerdict.WrongVersion)]
    public void What_is_not_damage_never_costs_a_life(WalVerdict verdict)
    {
        var fault = new WalFault(verdict, "not ours");
        Assert.Same(fault, Refused(new DiskFindings(false, null, 0, fault), replicas: 3));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void An_empty_directory_is_refused_with_the_two_commands(int replicas)
    {
        var fault = Refused(new DiskFindings(true, null, 0, null), replicas);

        Assert.Equal(WalVerdict.NoIdentity, fault.Verdict);
        Assert.Contains("'hyperscale init --config FILE'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'hyperscale recover --config FILE'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_directory_of_a_node_that_was_here_begins_a_life_where_others_know()
    {
        var empty = new DiskFindings(true, null, 0, null);

        Assert.Equal(new StartDecision.Resume(1), Decide(empty, 3, EmptyDisk.NewNode));
        var begun = Assert.IsType<StartDecision.BeginLife>(Decide(empty, 3, EmptyDisk.LostDisk));
        Assert.Equal(Seconds, begun.Incarnation >> 20);
        Assert.Equal(WalVerdict.NoReplica, Refused(empty, 1, EmptyDisk.LostDisk).Verdict);
    }

    [Fact]
    public void A_clock_before_its_time_still_gives_a_life_above_the_first()
    {
        var start = LogHistory.Start(3) with { Wall = new WallTime(-5) };

        Assert.InRange(StartDecision.NextLife(0, start), 2, StartDecision.LifeMax);
    }

    [Fact]
    public void Lives_of_the_same_second_are_told_apart()
    {
        var start = LogHistory.Start(3);
        var other = start with { Nonce = ~start.Nonce };

        Assert.NotEqual(StartDecision.NextLife(0, start), StartDecision.NextLife(0, other));
    }

    private static StartDecision Decide(
        DiskFindings found, int replicas, EmptyDisk empty = EmptyDisk.Unknown) =>
        StartDecision.Of(found, LogHistory.Start(replicas, empty));

    private static WalFault Refused(DiskFindings found, int replicas, EmptyDisk empty = EmptyDisk.Unknown) =>
        Assert.IsType<StartDecision.Refuse>(Decide(found, replicas, empty)).Fault;
}
