using CsCheck;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class GateStormTests
{
    [Fact]
    public void No_slot_starts_in_two_datacenters_and_after_the_storm_everything_ends() =>
        Gen.ULong.Sample(seed =>
        {
            var storm = new GateStorm(seed);
            storm.Run(beats: 120);
            storm.Heal();
        });

    [Fact]
    public void The_same_seed_gives_the_same_gate() => Gen.ULong.Sample(
        seed =>
        {
            var first = new GateStorm(seed);
            var second = new GateStorm(seed);
            for (var i = 0; i < 10; i++)
            {
                first.Run(beats: 5);
                second.Run(beats: 5);
                Assert.Equal(first.Fingerprint, second.Fingerprint);
            }
        },
        iter: 30);
}
