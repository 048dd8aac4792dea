using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;

namespace Hyperscale.Det.Tests.Core.Membership;

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
        for (var i = 0; i < size; i++) Assert.True(group.AllSee(i, MemberState.Alive), $"{i}");
    }

    [Fact]
    public void A_crashed_member_is_suspected_and_then_dead_for_all()
    {
        var group = new SwimGroup(5, seed: 2);
        group.Run(Duration.FromSeconds(10));
        group.Crash(3);
        group.Run(Duration.FromSeconds(30));

        Assert.True(group.AllSee(3, MemberState.Dead));
        var about = group.Changes.Where(c => c.About == group.Names[3] && c.At > new Instant(10_000_000_000));
        foreach (var seen in about.GroupBy(c => c.Member))
            Assert.Equal(seen.Select(c => c.State).Order(), seen.Select(c => c.State));
    }

    [Fact]
    public void Lost_datagrams_kill_nobody() =>
        Gen.ULong.Sample(
            seed =>
            {
                var group = new SwimGroup(6, seed) { LossPercent = 10 };
                group.Run(Duration.FromMinutes(2));
                return group.Changes.TrueForAll(c => c.State != MemberState.Dead);
            },
            iter: 20);

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
        Assert.True(group.AllSee(1, MemberState.Alive));
    }

    [Fact]
    public void A_healed_partition_grows_together_again_after_both_sides_were_dead_to_each_other()
    {
        var group = new SwimGroup(6, seed: 4);
        group.Run(Duration.FromSeconds(10));
        group.Passes = (from, to) => from < 3 == to < 3;
        group.Run(Duration.FromMinutes(2));
        Assert.Equal(MemberState.Dead, group.Members[0]!.StateOf(group.Names[5]));

        group.Passes = (_, _) => true;
        group.Run(Duration.FromMinutes(3));
        for (var i = 0; i < 6; i++) Assert.True(group.AllSee(i, MemberState.Alive), $"{i}");
    }

    [Fact]
    public void A_member_that_hears_nothing_doubts_itself_before_it_calls_others_dead()
    {
        var group = new SwimGroup(5, seed: 5);
        group.Run(Duration.FromSeconds(10));
        group.Passes = (_, to) => to != 2;
        group.Run(Duration.FromSeconds(8));

        Assert.True(group.Members[2]!.Health > 0);
        Assert.DoesNotContain(group.Changes, c => c.Member == 2 && c.State == MemberState.Dead);
    }

    [Fact]
    public void A_member_that_was_never_started_is_never_suspected()
    {
        var group = new SwimGroup(3, seed: 6);
        var lonely = new Swim(SwimConfig.Default(group.Names[0], group.Names));
        var outbox = new Outbox<SwimEffect>();
        lonely.Step(new SwimInput.Started(new BootId(1), 1), Instant.Zero, outbox);
        for (var steps = 0; steps < 200; steps++)
            lonely.Step(new SwimInput.Tick(), lonely.NextDeadline, outbox);

        Assert.DoesNotContain(outbox.Effects, effect => effect is SwimEffect.MemberChanged);
        Assert.Equal(MemberState.Unconfirmed, lonely.StateOf(group.Names[1]));
    }

    [Fact]
    public void Who_is_not_configured_is_no_member()
    {
        var group = new SwimGroup(3, seed: 7);
        var stranger = new SwimMessage.Ping(1, []);
        Assert.Equal(
            SwimVerdict.NotMember,
            group.Members[0]!.Step(
                new SwimInput.Received(NodeId.Of("stranger"), stranger), group.Now,
                new Outbox<SwimEffect>()));
    }

    [Fact]
    public void Equal_inputs_give_equal_states() =>
        Gen.ULong.Sample(seed => Print(seed) == Print(seed), iter: 10);

    [Fact]
    public void Logarithms_are_within_two_percent()
    {
        for (var n = 2; n < 5000; n++)
        {
            var exact = 1000 * Math.Log(n);
            Assert.InRange(NaturalLog.Thousandths(n), exact * 0.98 - 1, exact * 1.06 + 1);
        }
    }

    private static ulong Print(ulong seed)
    {
        var group = new SwimGroup(4, seed) { LossPercent = 20 };
        group.Run(Duration.FromSeconds(30));
        var fingerprint = default(Fingerprint);
        foreach (var member in group.Members) member!.AddTo(ref fingerprint);
        return fingerprint.Value;
    }
}
