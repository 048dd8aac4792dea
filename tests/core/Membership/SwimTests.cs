using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;

namespace Hyperscale.Det.Tests.Core.Membership;

/// <summary>Whole groups on a network.</summary>
public sealed class SwimTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(20)]
    public void Everybody_finds_everybody_alive(int size)
    {
        var group = new SwimGroup(size, seed: 1);
        group.Run(Duration.FromSeconds(20));
        Assert.True(group.Agrees);
        Assert.DoesNotContain(group.Changes, change => change.State != MemberState.Alive);
    }

    [Theory]
    [InlineData(2, 10)]
    [InlineData(3, 10)]
    [InlineData(5, 15)]
    [InlineData(20, 40)]
    public void A_crashed_member_is_suspected_and_then_dead_for_all(int size, int seconds)
    {
        var group = new SwimGroup(size, seed: 2);
        group.Run(Duration.FromSeconds(20));
        group.Crash(1);
        var crash = group.Now;
        group.Run(Duration.FromSeconds(seconds));

        Assert.True(group.AllSee(1, MemberState.Dead));
        var after = group.Changes.Where(change => change.At > crash).ToList();
        Assert.All(after, change => Assert.Equal(group.Names[1], change.About));
        // Death that was only heard of is told like death found out.
        var deaths = after.Where(change => change.State == MemberState.Dead).ToList();
        Assert.Equal(size - 1, deaths.Select(change => change.Member).Distinct().Count());
        Assert.Equal(size - 1, deaths.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void Lost_messages_kill_nobody(int streamLoss)
    {
        var deaths = 0;
        Gen.ULong.Sample(
            seed =>
            {
                var group = new SwimGroup(6, seed) { LossPercent = 10, StreamLossPercent = streamLoss };
                group.Run(Duration.FromMinutes(2));
                var died = group.Changes.Count(change => change.State == MemberState.Dead);
                Interlocked.Add(ref deaths, died);
            },
            iter: 100);

        Assert.Equal(0, deaths);
    }

    [Fact]
    public void Where_no_datagram_passes_streams_show_who_is_alive()
    {
        var group = new SwimGroup(4, seed: 3) { LossPercent = 100 };
        group.Run(Duration.FromMinutes(2));
        group.Crash(2);
        group.Run(Duration.FromMinutes(2));

        Assert.True(group.Agrees);
        Assert.DoesNotContain(
            group.Changes, change => change.State == MemberState.Dead && change.About != group.Names[2]);
        Assert.Empty(group.Rtts);
    }

    [Fact]
    public void A_restarted_member_is_alive_again_whatever_was_said_of_its_last_life()
    {
        var group = new SwimGroup(4, seed: 3);
        group.Run(Duration.FromSeconds(10));
        group.Crash(1);
        group.Run(Duration.FromSeconds(40));
        Assert.True(group.AllSee(1, MemberState.Dead));

        group.Start(1);
        group.Run(Duration.FromSeconds(10));
        Assert.True(group.Agrees);
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(40, 10)]
    public void A_member_that_lost_its_disk_and_its_count_of_starts_is_believed(int absent, int present)
    {
        var group = new SwimGroup(4, seed: 9, starts: false);
        for (var i = 0; i < 4; i++) group.Start(i, boot: 1000);
        group.Run(Duration.FromSeconds(10));
        group.Crash(1);
        group.Run(Duration.FromSeconds(absent));
        group.Start(1, boot: 3);
        group.Run(Duration.FromSeconds(present));

        Assert.True(group.Agrees);
        Assert.Equal(new BootId(3), group.Members[0]!.IncarnationOf(group.Names[1]).Boot);
    }

    [Fact]
    public void A_healed_partition_grows_together_again_after_both_sides_were_dead_to_each_other()
    {
        var group = new SwimGroup(6, seed: 4);
        group.Run(Duration.FromSeconds(10));
        group.Passes = (from, to, _) => from < 3 == to < 3;
        group.Run(Duration.FromMinutes(20));
        for (var i = 0; i < 3; i++)
            Assert.Equal(MemberState.Dead, group.Members[i]!.StateOf(group.Names[i + 3]));

        group.Passes = (_, _, _) => true;
        var healed = group.Now;
        group.Run(Duration.FromSeconds(45));
        Assert.True(group.Agrees);
        // On growing together nobody takes the other side's word for the death of one's own.
        Assert.DoesNotContain(
            group.Changes, change => change.At > healed && change.State == MemberState.Dead);
    }

    [Fact]
    public void A_member_that_hears_nothing_doubts_itself_before_it_calls_others_dead()
    {
        var group = new SwimGroup(5, seed: 5);
        group.Run(Duration.FromSeconds(10));
        group.Passes = (_, to, _) => to != 2;
        group.Run(Duration.FromSeconds(10));

        Assert.True(group.Members[2]!.Health >= 3);
        Assert.DoesNotContain(group.Changes, c => c.Member == 2 && c.State == MemberState.Dead);
    }

    [Fact]
    public void A_broken_path_between_two_is_bridged_by_the_others()
    {
        var group = new SwimGroup(4, seed: 8)
        {
            Passes = (from, to, _) => !((from, to) is (0, 1) or (1, 0)),
        };
        group.Run(Duration.FromMinutes(5));

        Assert.True(group.Agrees);
        Assert.DoesNotContain(group.Changes, change => change.State == MemberState.Dead);
    }

    [Fact]
    public void A_member_that_was_never_started_is_never_suspected()
    {
        var group = new SwimGroup(5, seed: 6, starts: false);
        for (var i = 0; i < 4; i++) group.Start(i);
        group.Run(Duration.FromMinutes(5));

        Assert.True(group.AllSee(4, MemberState.Unconfirmed));
        Assert.DoesNotContain(group.Changes, change => change.About == group.Names[4]);
        Assert.All(group.Members.Take(4), member => Assert.Equal(0, member!.Health));
    }

    [Fact]
    public void Round_trips_are_measured_with_everybody()
    {
        var group = new SwimGroup(4, seed: 10) { LossPercent = 5 };
        group.Run(Duration.FromMinutes(1));

        Assert.Equal(12, group.Rtts.Select(rtt => (rtt.Member, rtt.About)).Distinct().Count());
        Assert.All(group.Rtts, rtt => Assert.InRange(
            rtt.Rtt.Nanoseconds, 400_000, 40_000_000));
    }

    [Fact]
    public void Datagrams_of_a_large_group_keep_their_bound()
    {
        var group = new SwimGroup(100, seed: 11);
        group.Run(Duration.FromSeconds(10));

        Assert.InRange(group.LargestDatagram, SwimFields.UpdatesBytesMax / 2, SwimFields.DatagramBytesMax);
    }

    [Fact]
    public void Traffic_does_not_grow_with_the_group()
    {
        var group = new SwimGroup(50, seed: 12);
        group.Run(Duration.FromSeconds(30));
        // A ping and its answer a second.
        Assert.InRange(group.DatagramsSent, 50 * 30 * 2 * 9 / 10, 50 * 30 * 2 * 11 / 10);
    }

    [Fact]
    public void Equal_inputs_give_equal_states() => Gen.ULong.Sample(
        seed => Lossy(seed).Print() == Lossy(seed).Print(), iter: 10);

    private static SwimGroup Lossy(ulong seed)
    {
        var group = new SwimGroup(4, seed) { LossPercent = 20, StreamLossPercent = 20 };
        group.Run(Duration.FromSeconds(30));
        return group;
    }
}
