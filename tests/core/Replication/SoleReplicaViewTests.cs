using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>A restarted primary never resumes its view.</summary>
public sealed class SoleReplicaViewTests
{
    private static readonly byte[] Command = [1];

    [Fact]
    public void Every_life_has_a_view_above_those_before_it()
    {
        var first = Life(1, []);
        var record = Propose(first);

        var second = Life(2, [record]);

        Assert.True(second.View > first.View);
    }

    [Fact]
    public void A_life_whose_entries_never_reached_the_disk_had_a_view_too()
    {
        var second = Life(2, []);
        Propose(second);

        var third = Life(3, []);

        Assert.True(third.View > second.View);
    }

    [Fact]
    public void A_recovered_view_is_never_resumed_whatever_the_count_of_starts_says()
    {
        var first = Life(9, []);

        var second = Life(1, [Propose(first)]);

        Assert.True(second.View > first.View);
    }

    private static SoleReplica Life(uint starts, ReadOnlyMemory<byte>[] records)
    {
        var replica = new SoleReplica();
        replica.Step(
            new ReplicaInput.Recovered(0, default, records, starts),
            Instant.Zero,
            new Outbox<ReplicaEffect>());
        return replica;
    }

    private static ReadOnlyMemory<byte> Propose(SoleReplica replica)
    {
        var outbox = new Outbox<ReplicaEffect>();
        replica.Step(new ReplicaInput.Proposed(0, Command, new WallTime(1)), Instant.Zero, outbox);
        return Assert.IsType<ReplicaEffect.Append>(Assert.Single(outbox.Effects)).Record;
    }
}
