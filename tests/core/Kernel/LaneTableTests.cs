using CsCheck;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class LaneTableTests
{
    private const int Lanes = 3;

    /// <summary>Many keys share a hash, so that they probe past each other, around the end of the
    /// index, too.</summary>
    private readonly record struct Key(int Number) : IHashed
    {
        public ulong Hash => unchecked((ulong)((Number % 7) - 2));
    }

    private static readonly Gen<List<(int Kind, int Key, int Lane)>> History =
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 30], Gen.Int[0, Lanes - 1]).List[0, 300];

    [Fact]
    public void Every_history_gives_the_queues_that_lists_give() => History.Sample(moves =>
    {
        var table = new LaneTable<Key, int>(Lanes);
        var lanes = Enumerable.Range(0, Lanes).Select(_ => new List<(Key, int)>()).ToList();
        var value = 0;
        foreach (var (kind, number, lane) in moves)
        {
            var key = new Key(number);
            var slot = table.Find(key);
            var home = lanes.FindIndex(list => list.Any(item => item.Item1 == key));
            Assert.Equal(home, slot < 0 ? -1 : table.LaneOf(slot));
            if (home < 0 && kind < 4)
            {
                table.Add(key, ++value, lane);
                lanes[lane].Add((key, value));
            }
            else if (home >= 0 && kind == 4)
            {
                Assert.True(table.Remove(key));
                lanes[home].RemoveAll(item => item.Item1 == key);
            }
            else if (home >= 0)
            {
                table.ValueAt(slot) = ++value;
                table.Move(slot, lane);
                lanes[home].RemoveAll(item => item.Item1 == key);
                lanes[lane].Add((key, value));
            }

            table.CheckInvariants();
            for (var i = 0; i < Lanes; i++) Assert.Equal(lanes[i], table.In(i));
        }
    });

    [Fact]
    public void A_lane_is_in_the_order_in_which_entries_joined_it()
    {
        var table = new LaneTable<Key, string>(2);
        table.Add(new Key(3), "c", 0);
        table.Add(new Key(1), "a", 0);
        table.Add(new Key(2), "b", 1);
        table.Move(table.Find(new Key(3)), 0);

        Assert.Equal(["a", "c"], table.In(0).Select(entry => entry.Value));
        Assert.Equal("a", table.ValueAt(table.OldestIn(0)));
        Assert.Equal("c", table.ValueAt(table.NewestIn(0)));
        Assert.Equal((2, 1), (table.CountIn(0), table.CountIn(1)));
    }

    [Fact]
    public void Adding_moving_and_removing_allocate_nothing_once_there_is_room()
    {
        var table = new LaneTable<JobId, long>(2);
        for (var i = 0; i < 1000; i++) table.Add(new JobId(1, i), i, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1000; i < 50_000; i++)
        {
            table.Remove(table.OldestIn(0));
            table.Move(table.Add(new JobId(1, i), i, 1), 0);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
