using CsCheck;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Idempotency;

public sealed class GateIdempotencyCachePropertyTests
{
    private static readonly IdempotencyConfig Config = IdempotencyConfig.Default with
    {
        MaxEntries = 4, CommittedTtl = Duration.FromSeconds(20), PendingWaitTimeout = Duration.FromSeconds(5),
    };

    private static readonly Gen<List<(int Move, int Key, int Payload, int Seconds)>> History =
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 7], Gen.Int[0, 5], Gen.Int[0, 3]).List[0, 150];

    [Fact]
    public void Whoever_waits_is_answered_once_in_order_and_pending_keys_stay() => History.Sample(moves =>
    {
        var cache = new GateIdempotencyCache<int>(Config, 12);
        var now = Instant.Zero;
        var waiting = new List<(int Key, int Caller)>();
        var pending = new SortedSet<int>();
        var caller = 0;
        foreach (var (move, number, payload, seconds) in moves)
        {
            now += Duration.FromSeconds(seconds);
            while (cache.TryPopWaiter(now, out var late))
            {
                Assert.Equal(waiting[0].Caller, late.Caller);
                waiting.RemoveAt(0);
            }

            var key = KeyGens.Opaque($"k{number}");
            var fingerprint = KeyGens.Payload(payload == 0 ? 2 : 1);
            var answered = new List<KeyWaiter<int>>();
            if (move <= 1)
            {
                var found = cache.Look(key, fingerprint, ++caller, now);
                if (found.Verdict == CacheVerdict.Waiting) waiting.Add((number, caller));
                Assert.Equal(
                    pending.Contains(number),
                    found is { Verdict: CacheVerdict.Waiting or CacheVerdict.Pending }
                        || (found.Verdict == CacheVerdict.Reused && found.Job is null));
                if (found.Verdict == CacheVerdict.Miss
                    && cache.TryReserve(key, KeyGens.Payload(1), caller, now))
                {
                    pending.Add(number);
                    waiting.Add((number, caller));
                }
            }
            else if (move == 2)
                cache.Settle(key, KeyGens.Payload(1), new JobId(0, number), "", now, answered);
            else if (move == 3)
                cache.Withdraw(key, answered);
            else if (cache.TryAdopt(key, KeyGens.Payload(1)) && IsPending(cache, key, now))
                pending.Add(number);

            if (move is 2 or 3)
            {
                pending.Remove(number);
                Assert.Equal(
                    waiting.Where(w => w.Key == number).Select(w => w.Caller),
                    answered.Select(waiter => waiter.Caller));
                waiting.RemoveAll(w => w.Key == number);
            }

            cache.CheckInvariants();
            Assert.Equal(pending.Count, cache.PendingCount);
            Assert.Equal(waiting.Count, cache.WaiterCount);
        }
    });

    /// <summary>Asked with a payload that nobody has, so that nobody comes to wait.</summary>
    private static bool IsPending(GateIdempotencyCache<int> cache, IdempotencyKey key, Instant now) =>
        cache.Look(key, KeyGens.Payload(99), 0, now) is { Verdict: CacheVerdict.Reused, Job: null };
}
