using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Tests.Sim.Engine;

public sealed class EventHeapTests
{
    private static readonly Gen<(long Time, ulong Tie)[]> Keys =
        Gen.Select(Gen.Long[0, 20], Gen.ULong[0, 3]).Array[0, 200];

    [Fact]
    public void Events_come_by_time_then_tie_then_sequence() => Keys.Sample(keys =>
    {
        var heap = new EventHeap();
        for (var i = 0; i < keys.Length; i++) heap.Add(new Instant(keys[i].Time), keys[i].Tie, i, Named(i));

        var expected = keys.Select((key, i) => (key.Time, key.Tie, Sequence: i)).Order()
            .Select(key => key.Sequence);
        Assert.Equal(expected, TakeAll(heap));
    });

    [Fact]
    public void Taking_between_adding_keeps_the_order() => Keys.Sample(keys =>
    {
        var heap = new EventHeap();
        var last = Instant.Zero;
        for (var i = 0; i < keys.Length; i++)
        {
            heap.Add(last + Duration.FromNanoseconds(keys[i].Time), keys[i].Tie, i, Named(i));
            if (i % 3 != 0) continue;
            Assert.Equal(heap.Next, Take(heap, out var at));
            Assert.True(at >= last);
            last = at;
        }
    });

    [Fact]
    public void An_empty_heap_has_no_next() => Assert.Equal(Instant.Never, new EventHeap().Next);

    private static Instant Take(EventHeap heap, out Instant at)
    {
        heap.Take(out at);
        return at;
    }

    private static List<int> TakeAll(EventHeap heap)
    {
        var taken = new List<int>();
        while (heap.Count > 0) taken.Add((int)heap.Take(out _).Identity);
        return taken;
    }

    private static PlainEvent Named(int number) => new(SimEvent.World, (ulong)number, $"{number}", () => { });
}
