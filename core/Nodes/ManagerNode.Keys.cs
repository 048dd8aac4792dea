using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

// What is remembered of the jobs that were dispatched here (AD-40).
public sealed partial class ManagerNode
{
    private Instant _expireKeysAt = Instant.Never;
    private bool _isExpiringKeys;
    private long _evictedTold;

    // A datacenter has one ledger.
    private KeyRetention Retention => _config.Idempotency.RetentionOf(groups: 1);

    /// <summary>Has what is due let go of, and looks again at an interval while there is anything.</summary>
    private void ExpireKeys()
    {
        _expireKeysAt = Instant.Never;
        var isDue = Ledger.Keys.IsExpiryDue(Retention, _clock.At(_now));
        if (isDue && !_isExpiringKeys)
            _isExpiringKeys = Propose(new DispatchCommand.KeysExpired(Retention));
        LookAtKeys();
    }

    private void LookAtKeys()
    {
        var interval = _config.Idempotency.CleanupInterval;
        // Too many are not kept for a whole interval.
        if (Ledger.Keys.EndedCount > Retention.EntriesMax + (Retention.EntriesMax / 8))
            interval = interval < _config.ResendInterval ? interval : _config.ResendInterval;
        if (Ledger.Keys.EndedCount > 0)
            _expireKeysAt = Instant.Sooner(_expireKeysAt, _now + interval);
    }

    private void OnKeysExpired()
    {
        _isExpiringKeys = false;
        var evicted = Ledger.Keys.EvictedEarly - _evictedTold;
        _evictedTold += evicted;
        if (evicted > 0) Emit(new TelemetryEvent.KeysEvicted(DispatchGroup, evicted, Forgotten: 0));
        LookAtKeys();
    }

    private void LeadKeys()
    {
        _evictedTold = Ledger.Keys.EvictedEarly;
        LookAtKeys();
    }

    private void LeaveKeys() => (_expireKeysAt, _isExpiringKeys) = (Instant.Never, false);
}
