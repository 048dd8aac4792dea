using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Idempotency;

public sealed class GateIdempotencyCacheTests
{
    private static readonly IdempotencyKey Key = KeyGens.Opaque("order-1");
    private static readonly JobId Job = new(3, 7);

    private readonly List<KeyWaiter<int>> _answered = [];
    private IdempotencyConfig _config = IdempotencyConfig.Default with { MaxEntries = 3 };
    private GateIdempotencyCache<int>? _cache;
    private Instant _now = Instant.Zero;
    private int _waitersMax = 10;

    private GateIdempotencyCache<int> Cache => _cache ??= new(_config, _waitersMax);

    [Fact]
    public void An_unknown_key_is_a_miss() => Assert.Equal(CacheVerdict.Miss, Look(1).Verdict);

    [Fact]
    public void A_repeat_of_a_pending_key_waits_and_is_answered_with_the_first()
    {
        Reserve(1);
        Assert.Equal(CacheVerdict.Waiting, Look(2).Verdict);
        Assert.Equal(CacheVerdict.Waiting, Look(3).Verdict);
        Settle(Job);

        Assert.Equal([new(1, true), new(2, false), new(3, false)], _answered);
        Assert.Equal(0, Cache.WaiterCount);
        Assert.Equal((CacheVerdict.Committed, Job), (Look(4).Verdict, Look(4).Job));
    }

    [Fact]
    public void A_waiter_that_has_waited_long_enough_leaves_its_key_pending()
    {
        Reserve(1);
        _now += Duration.FromSeconds(10);
        Look(2);
        _now += Duration.FromSeconds(20);
        Assert.Equal(_now, Cache.NextDeadline);
        Assert.True(Cache.TryPopWaiter(_now, out var waiter));
        Assert.Equal(new KeyWaiter<int>(1, true), waiter);
        Assert.False(Cache.TryPopWaiter(_now, out _));

        Assert.Equal(CacheVerdict.Waiting, Look(3).Verdict);
        Settle(Job);
        Assert.Equal([new(2, false), new(3, false)], _answered);
    }

    [Fact]
    public void Where_repeats_do_not_wait_they_are_told_that_it_is_pending()
    {
        _config = _config with { WaitForPending = false };
        Reserve(1);
        Assert.Equal(CacheVerdict.Pending, Look(2).Verdict);
        Assert.Equal(1, Cache.WaiterCount);
    }

    [Fact]
    public void Waiters_are_bounded()
    {
        _waitersMax = 2;
        Reserve(1);
        Look(2);
        Assert.Equal(CacheVerdict.Pending, Look(3).Verdict);
        Assert.False(Cache.TryReserve(KeyGens.Opaque("other"), KeyGens.Payload(1), 4, _now));
    }

    [Fact]
    public void Another_payload_never_gets_the_answer_of_the_first()
    {
        Reserve(1);
        Assert.Equal(CacheVerdict.Reused, Look(2, payload: 2).Verdict);
        Settle(Job);
        var found = Look(3, payload: 2);
        Assert.Equal(
            (CacheVerdict.Reused, KeyGens.Payload(1), Job), (found.Verdict, found.Fingerprint, found.Job));
        Assert.Equal([new(1, true)], _answered);
    }

    [Fact]
    public void A_rejection_is_an_answer_with_a_term_of_its_own()
    {
        Reserve(1);
        Cache.Settle(Key, KeyGens.Payload(1), null, "no such datacenter", _now, _answered);
        Assert.Equal((CacheVerdict.Rejected, "no such datacenter"), (Look(2).Verdict, Look(2).Answer));
        _now += _config.RejectedTtl;
        Assert.Equal(CacheVerdict.Miss, Look(3).Verdict);
    }

    [Fact]
    public void An_answers_age_counts_from_when_it_came_however_often_it_is_used()
    {
        Settle(Job);
        _now += _config.CommittedTtl - Duration.FromNanoseconds(1);
        Assert.Equal(CacheVerdict.Committed, Look(1).Verdict);
        _now += Duration.FromNanoseconds(1);
        Assert.Equal(CacheVerdict.Miss, Look(2).Verdict);
        Assert.Equal(0, Cache.Count);
    }

    [Fact]
    public void A_withdrawn_key_is_free_and_its_waiters_are_told()
    {
        Reserve(1);
        Look(2);
        Cache.Withdraw(Key, _answered);
        Assert.Equal([new(1, true), new(2, false)], _answered);
        Assert.Equal(CacheVerdict.Miss, Look(3).Verdict);
    }

    [Fact]
    public void The_answer_that_was_used_least_lately_makes_room()
    {
        foreach (var name in new[] { "a", "b", "c" }) Settle(Job, KeyGens.Opaque(name));
        Look(1, KeyGens.Opaque("a"));
        Settle(Job, KeyGens.Opaque("d"));

        Assert.Equal(CacheVerdict.Miss, Look(2, KeyGens.Opaque("b")).Verdict);
        foreach (var name in new[] { "a", "c", "d" })
            Assert.Equal(CacheVerdict.Committed, Look(2, KeyGens.Opaque(name)).Verdict);
    }

    [Fact]
    public void A_pending_key_is_never_evicted_and_new_ones_are_turned_away_instead()
    {
        Settle(Job, KeyGens.Opaque("settled"));
        foreach (var name in new[] { "a", "b", "c" })
            Assert.True(Cache.TryReserve(KeyGens.Opaque(name), KeyGens.Payload(1), 1, _now));
        Assert.False(Cache.TryReserve(KeyGens.Opaque("d"), KeyGens.Payload(1), 1, _now));
        Assert.False(Cache.TryAdopt(KeyGens.Opaque("d"), KeyGens.Payload(1)));
        Settle(Job, KeyGens.Opaque("d"));

        Assert.Equal(3, Cache.PendingCount);
        Assert.Equal(CacheVerdict.Miss, Look(2, KeyGens.Opaque("settled")).Verdict);
        Assert.Equal(CacheVerdict.Miss, Look(2, KeyGens.Opaque("d")).Verdict);
        foreach (var name in new[] { "a", "b", "c" })
            Assert.Equal(CacheVerdict.Waiting, Look(2, KeyGens.Opaque(name)).Verdict);
    }

    [Fact]
    public void A_key_that_the_ledger_says_is_pending_is_waited_for()
    {
        Assert.True(Cache.TryAdopt(Key, KeyGens.Payload(1)));
        Assert.Equal(CacheVerdict.Waiting, Look(1).Verdict);
        Settle(Job);
        Assert.Equal([new(1, false)], _answered);
    }

    [Fact]
    public void What_is_settled_stays_as_it_is()
    {
        Settle(Job);
        Settle(new JobId(9, 9));
        Assert.Equal(Job, Look(1).Job);
    }

    [Fact]
    public void A_hit_and_a_key_that_comes_and_is_settled_allocate_nothing()
    {
        _config = _config with { MaxEntries = 1000 };
        var keys = Enumerable.Range(0, 5000).Select(i => KeyGens.Opaque($"key-{i}")).ToArray();
        var payload = KeyGens.Payload(1);
        _answered.Capacity = 10;
        foreach (var key in keys) Pass(key);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var key in keys) Pass(key);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        void Pass(IdempotencyKey key)
        {
            Cache.Look(key, payload, 1, _now);
            Cache.TryReserve(key, payload, 1, _now);
            Cache.Settle(key, payload, Job, "", _now, _answered);
            Cache.Look(key, payload, 2, _now);
            _answered.Clear();
        }
    }

    private void Reserve(int caller) =>
        Assert.True(Cache.TryReserve(Key, KeyGens.Payload(1), caller, _now));

    private CacheFinding Look(int caller, IdempotencyKey? key = null, int payload = 1)
    {
        var found = Cache.Look(key ?? Key, KeyGens.Payload(payload), caller, _now);
        Cache.CheckInvariants();
        return found;
    }

    private void Settle(JobId job, IdempotencyKey? key = null)
    {
        Cache.Settle(key ?? Key, KeyGens.Payload(1), job, "", _now, _answered);
        Cache.CheckInvariants();
    }
}
