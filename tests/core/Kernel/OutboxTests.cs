using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class OutboxTests
{
    [Fact]
    public void Effects_are_read_in_the_order_they_were_emitted()
    {
        var outbox = new Outbox<string>();
        outbox.Emit("first");
        outbox.Emit("second");
        outbox.Emit("first");

        Assert.Equal(["first", "second", "first"], outbox.Effects);
        Assert.Equal(3, outbox.Count);
        Assert.Equal("second", outbox[1]);
    }

    [Fact]
    public void A_cleared_outbox_takes_the_next_steps_effects()
    {
        var outbox = new Outbox<string>();
        outbox.Emit("old");
        outbox.Clear();
        Assert.Equal(0, outbox.Count);
        outbox.Emit("new");

        Assert.Equal(["new"], outbox.Effects);
    }
}
