using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Tests.Sim.Engine;

public sealed class SchedulerTests
{
    private static readonly Instant Noon = Instant.Zero + Duration.FromSeconds(12);

    [Fact]
    public void Time_moves_to_the_event_that_happens()
    {
        var scheduler = new Scheduler(1, lanes: 1);
        scheduler.At(Noon, Event(0, 1));

        scheduler.Take();

        Assert.Equal((Noon, 1L), (scheduler.Now, scheduler.Events));
    }

    [Fact]
    public void Nothing_can_be_scheduled_in_the_past()
    {
        var scheduler = new Scheduler(1, lanes: 1);
        scheduler.At(Noon, Event(0, 1));
        scheduler.Take();

        Assert.Throws<InvariantViolationException>(() => scheduler.At(Instant.Zero, Event(0, 2)));
    }

    [Fact]
    public void Seeds_decide_which_of_two_events_at_one_instant_comes_first()
    {
        var firsts = Enumerable.Range(0, 32).Select(seed => OrderOf((ulong)seed, lanes: [0, 1])[0])
            .Distinct();

        Assert.Equal(2, firsts.Count());
    }

    [Fact]
    public void An_event_of_another_lane_shifts_no_tie() => Assert.All(Enumerable.Range(0, 32), seed =>
    {
        var alone = OrderOf((ulong)seed, lanes: [0, 0, 1, 1]);
        var crowded = OrderOf((ulong)seed, lanes: [0, 2, 0, 2, 1, 2, 1]).Where(lane => lane != 2);

        Assert.Equal(alone, crowded);
    });

    [Fact]
    public void The_hash_tells_time_and_identity_apart()
    {
        var hashes = new[]
        {
            HashOf((Noon, 1)), HashOf((Noon, 2)), HashOf((Noon + Duration.FromNanoseconds(1), 1)),
            HashOf((Noon, 1), (Noon, 1)),
        };

        Assert.Distinct(hashes);
    }

    [Fact]
    public void The_hash_of_equal_histories_is_equal() => Assert.Equal(HashOf((Noon, 1)), HashOf((Noon, 1)));

    private static ulong HashOf(params (Instant At, ulong Identity)[] events)
    {
        var scheduler = new Scheduler(1, lanes: 1);
        foreach (var (at, identity) in events) scheduler.At(at, Event(0, identity));
        while (scheduler.Take() is not null)
        {
        }

        return scheduler.Hash;
    }

    private static List<int> OrderOf(ulong seed, int[] lanes)
    {
        var scheduler = new Scheduler(seed, lanes: 3);
        foreach (var lane in lanes) scheduler.At(Noon, Event(lane, 0));
        var order = new List<int>();
        while (scheduler.Take() is { } taken) order.Add(taken.Lane);
        return order;
    }

    private static PlainEvent Event(int lane, ulong identity) => new(lane, identity, "", () => { });
}
