using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class SlotContactTests
{
    [Fact]
    public void The_next_question_comes_within_the_interval_and_then_once_in_each()
    {
        Gen.Select(Gen.Long[0, 1L << 60], Gen.ULong).Sample((at, hash) =>
        {
            var now = new Instant(at);
            var next = SlotContact.NextQuestion(now, hash);
            Assert.True(next > now && next <= now + SlotContact.AskInterval);
            Assert.Equal(next + SlotContact.AskInterval, SlotContact.NextQuestion(next, hash));
            // One that is late does not move those after it.
            Assert.Equal(
                next + SlotContact.AskInterval,
                SlotContact.NextQuestion(next + Duration.FromMilliseconds(10), hash));
        });
    }
}
