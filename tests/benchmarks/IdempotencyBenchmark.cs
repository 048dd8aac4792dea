using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Benchmarks;

/// <summary>The gate's cache of answers against a dictionary with a linked list, in turns in one run; and
/// what a key that is kept takes in memory.</summary>
internal sealed class IdempotencyBenchmark : IBenchmark
{
    private static readonly PayloadFingerprint Payload = PayloadFingerprint.Of("a job"u8);

    public string Name => "idempotency";

    public string Summary => "the gate's cache of answers against Dictionary+LinkedList; memory of a key";

    public int Run(string[] options)
    {
        Console.WriteLine(
            $"{"",-16}{"entries",9}{"own ns",9}{"alloc",7}{"plain ns",10}{"alloc",7}{"own/plain",11}");
        foreach (var entries in new[] { 1_000, 100_000 })
        {
            Hit(entries);
            InsertAndCommit(entries);
        }

        Memory(100_000);
        return 0;
    }

    private static void Hit(int entries)
    {
        var keys = Keys(0, entries);
        var (own, plain) = (OwnWith(entries), new PlainLruCache(entries));
        var answered = new List<KeyWaiter<int>>();
        foreach (var key in keys)
        {
            own.Settle(key, Payload, new JobId(1, 1), "", Instant.Zero, answered);
            plain.Add(key, Payload);
        }

        var (at, other) = (0, 0);
        Row("hit", entries, Contest.Run(
            () => own.Look(keys[at = Next(at, entries)], Payload, 1, Instant.Zero),
            () => plain.TryGet(keys[other = Next(other, entries)], out _)));
    }

    /// <summary>A new key comes and is settled; the one that was used least lately makes room.</summary>
    private static void InsertAndCommit(int entries)
    {
        // Twice as many as there is room for, so that each is new when its turn comes.
        var keys = Keys(0, entries * 2);
        var (own, plain) = (OwnWith(entries), new PlainLruCache(entries));
        var answered = new List<KeyWaiter<int>>(4);
        var (at, other) = (0, 0);
        Row("insert+commit", entries, Contest.Run(
            () =>
            {
                var key = keys[at = (at + 1) % keys.Length];
                Invariant.Holds(own.TryReserve(key, Payload, 1, Instant.Zero));
                own.Settle(key, Payload, new JobId(1, at), "", Instant.Zero, answered);
                answered.Clear();
            },
            () =>
            {
                var key = keys[other = (other + 1) % keys.Length];
                plain.Add(key, Payload);
                plain.Settle(key, new JobId(1, other));
            }));
    }

    private static void Memory(int entries)
    {
        var answered = new List<KeyWaiter<int>>();
        var keys = Bytes(() => Keys(0, entries));
        var held = Keys(0, entries);
        var cache = Bytes(() =>
        {
            var own = OwnWith(entries);
            foreach (var key in held) own.Settle(key, Payload, new JobId(1, 1), "", Instant.Zero, answered);
            return own;
        });
        var index = Bytes(() =>
        {
            var ledger = new KeyIndex();
            var gate = NodeId.Of("gate-1");
            for (var i = 0; i < entries; i++)
            {
                var job = new JobId(1, i + 1);
                ledger.Reserve(new IdempotencyReservedEvent(held[i], Payload, gate), job, new WallTime(i));
                ledger.End(held[i], job, new WallTime(i));
            }

            return ledger;
        });
        var plain = Bytes(() =>
        {
            var lru = new PlainLruCache(entries);
            foreach (var key in held) lru.Add(key, Payload);
            return lru;
        });
        Console.WriteLine(
            $"bytes a key, of {entries} kept: ledger {index / entries}, cache {cache / entries}, "
            + $"plain {plain / entries}");
        Console.WriteLine(
            $"its text of {held[0].Text.Length} characters, which they share, takes {(keys / entries) - 16}");
    }

    /// <summary>What is alive of what <paramref name="make"/> makes.</summary>
    private static long Bytes(Func<object> make)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var made = make();
        var after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(made);
        return after - before;
    }

    private static GateIdempotencyCache<int> OwnWith(int entries) =>
        new(IdempotencyConfig.Default with { MaxEntries = entries }, 1000);

    private static IdempotencyKey[] Keys(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => IdempotencyKey.Of("cli-0123456789abcdef", i, 0xfeed))];

    // Far apart, so that neither cache finds its entries in the order in which they lie in memory.
    private static int Next(int at, int count) => (int)((at + 7919L) % count);

    private static void Row(string what, int entries, Cost[] costs) => Console.WriteLine(
        $"{what,-16}{entries,9}{costs[0].Nanoseconds,9:F0}{costs[0].AllocatedBytes,7:F0}"
        + $"{costs[1].Nanoseconds,10:F0}{costs[1].AllocatedBytes,7:F0}"
        + $"{costs[0].Nanoseconds / costs[1].Nanoseconds,11:F2}");
}
