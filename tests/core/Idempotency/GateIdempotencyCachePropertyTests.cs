using CsCheck;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Idempotency;

public sealed class GateIdempotencyCachePropertyTests
{
    private static readonly IdempotencyConfig Config = IdempotencyConfig.Default with
    {
        MaxEntries = 4,
        CommittedTtl = Duration.FromSeconds(20),
        PendingWaitTimeout = Duration.FromSeconds(5),
    };

    private static readonly Gen<List<(int Move, int Key, int Payload, int Seconds)>> History =
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 7], Gen.Int[0, 5], Gen.Int[0, 3]).List[0, 150];

    [Fact]
    public void Whoever_waits_is_answered_once_in_order_and_pending_keys_stay() => History.Sample(moves =>
    {
        var world = new World();
        foreach (var (move, number, payload, seconds) in moves)
        {
            world.Pass(seconds);
            if (move <= 1) world.Ask(number, isOther: payload == 0);
            else if (move <= 3) world.Settle(number, isWithdrawal: move == 3);
            else world.Adopt(number);
            world.Check();
        }
    });

    /// <summary>The cache, with plain lists of who waits and what is pending.</summary>
    private sealed class World
    {
        private readonly GateIdempotencyCache<int> _cache = new(Config, 12);
        private readonly List<(int Key, int Caller)> _waiting = [];
        private readonly SortedSet<int> _pending = [];
        private Instant _now = Instant.Zero;
        private int _caller;

        public void Pass(int seconds)
        {
            _now += Duration.FromSeconds(seconds);
            while (_cache.TryPopWaiter(_now, out var late))
            {
                Assert.Equal(_waiting[0].Caller, late.Caller);
                _waiting.RemoveAt(0);
            }
        }

        public void Ask(int number, bool isOther)
        {
            var fingerprint = KeyGens.Payload(isOther ? 2 : 1);
            var found = _cache.Look(KeyOf(number), fingerprint, ++_caller, _now);
            if (found.Verdict == CacheVerdict.Waiting) _waiting.Add((number, _caller));
            Assert.Equal(
                _pending.Contains(number),
                found is { Verdict: CacheVerdict.Waiting or CacheVerdict.Pending }
                    || (found.Verdict == CacheVerdict.Reused && found.Job is null));
            if (found.Verdict != CacheVerdict.Miss) return;
            if (!_cache.TryReserve(KeyOf(number), KeyGens.Payload(1), _caller, _now)) return;
            _pending.Add(number);
            _waiting.Add((number, _caller));
        }

        public void Settle(int number, bool isWithdrawal)
        {
            var answered = new List<KeyWaiter<int>>();
            if (isWithdrawal) _cache.Withdraw(KeyOf(number), answered);
            else _cache.Settle(KeyOf(number), KeyGens.Payload(1), new JobId(0, 1), "", _now, answered);
            _pending.Remove(number);
            Assert.Equal(
                _waiting.Where(waiter => waiter.Key == number).Select(waiter => waiter.Caller),
                answered.Select(waiter => waiter.Caller));
            _waiting.RemoveAll(waiter => waiter.Key == number);
        }

        public void Adopt(int number)
        {
            if (_cache.TryAdopt(KeyOf(number), KeyGens.Payload(1)) && _cache.IsPending(KeyOf(number)))
                _pending.Add(number);
        }

        public void Check()
        {
            _cache.CheckInvariants();
            Assert.Equal(_pending.Count, _cache.PendingCount);
            Assert.Equal(_waiting.Count, _cache.WaiterCount);
        }

        private static IdempotencyKey KeyOf(int number) => KeyGens.Opaque($"k{number}");
    }
}
