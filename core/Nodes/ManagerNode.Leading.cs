using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

// Beginning to lead the datacenter, and ceasing to.
public sealed partial class ManagerNode
{
    // Until then not every worker had the time to tell the new primary that it is there.
    private Instant _isWholeAt = Instant.Never;

    private bool IsGathering => _now < _isWholeAt;

    /// <summary>Takes up what the ledger says is open. Nobody is taken for dead before it had the time to be
    /// heard: what another primary or an earlier life of this manager answered may still hold.</summary>
    private void Lead(long view)
    {
        if (_fault is not null) return;
        _ledView = view;
        _isWholeAt = _now + _config.GatherTerm;
        _isPlacingDue = true;
        _clock.NotBefore(_replicas.NewestStamp);
        Emit(new TelemetryEvent.GroupLed(DispatchGroup, view, IsLed: true));
        var isAlone = _replicas.Peers.Count == 0;
        var patience = isAlone ? _config.DeadAfter : _config.DeadAfterTakeover;
        foreach (var worker in Ledger.LoadedWorkers)
        {
            _deadAt.Set(worker, _now + patience);
            foreach (var attempt in Ledger.LiveOn(worker)) _tracks.Add(attempt, new AttemptTrack());
        }

        foreach (var slot in Ledger.Slots)
        {
            if (slot.IsReserved) _expireAt.Set(slot.Key, _now + _config.ReservationTerm);
            if (slot.Outcome is not null) _finishAt.Set(slot.Key, _now);
            WatchRetries(slot);
        }

        LeadContacts();
        LeadKeys();
        // Gates and workers look for whoever leads.
        Heartbeat();
    }

    /// <summary>Another manager leads from here on, or nobody does: what was proposed and not committed may
    /// be lost, and the workers are the next primary's.</summary>
    private void StopLeading()
    {
        if (_ledView is not { } view) return;
        _ledView = null;
        _isWholeAt = Instant.Never;
        Emit(new TelemetryEvent.GroupLed(DispatchGroup, view, IsLed: false));
        foreach (var proposed in Proposals) proposed.Clear();
        LeaveKeys();
        LeaveRetries();
        LeaveContacts();
        _placing.Clear();
        _ending.Clear();
        _tracks.Clear();
        _lives.Clear();
        _progressSentAt.Clear();
        _workers.Clear();
        Release();
        foreach (var deadlines in (DeadlineQueue<SlotKey>[])[_expireAt, _finishAt, _progressAt])
            deadlines.Clear();
        _sendAt.Clear();
        _deadAt.Clear();
        _latencies = new JobLatencies(_config.Slo);
    }
}
