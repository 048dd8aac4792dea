using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <content>What must hold between steps, and what later steps depend on.</content>
public sealed partial class GateNode
{
    /// <inheritdoc/>
    public void CheckInvariants()
    {
        if (_fault is not null) return;
        _replicas.CheckInvariants();
        _membership.CheckInvariants();
        Ledger.CheckInvariants();
        _routing.CheckInvariants();
        _timers.CheckInvariants();
        _watches.CheckInvariants();
        _forwards.CheckInvariants();
        _postponed.CheckInvariants();
        _submissions.CheckInvariants();
        Invariant.Holds(_fromReplicas.Count == 0 && _changed.Count == 0);
        // What this gate leads by, it leads still; and every entry of it in flight is one that somebody here
        // waits for, and waits for once.
        foreach (var (group, view) in _led)
            Invariant.Holds(_replicas.Leads(group) && _replicas.ViewOf(group) == view);
        Invariant.Holds(_led.Keys.Sum(_replicas.InFlight)
            == _creations.Count + KeyProposals + _work.Values.Sum(work => work.Proposed));
        Invariant.Holds(Waiters <= _config.WaitersMax);
        Invariant.Holds(_creations.Count + _reserving.Count <= _config.LiveJobsMax);
        CheckKeys();
        Invariant.Holds(_work.Keys.All(job => _led.ContainsKey(job.Group)));
        foreach (var job in Ledger.Live)
            if (_led.ContainsKey(job.Id.Group)) CheckInvariants(job);
        Invariant.Holds(_cancelCallers == _work.Values.Sum(work => work.CancelCallers.Count));
        foreach (var work in _work.Values)
            Invariant.Holds(work.IsCancelProposed || work.CancelCallers.Count == 0);
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Id);
        fingerprint.Add(_fault);
        _replicas.AddTo(ref fingerprint);
        _membership.AddTo(ref fingerprint);
        Ledger.AddTo(ref fingerprint);
        _clock.AddTo(ref fingerprint);
        _board.AddTo(ref fingerprint);
        _routing.AddTo(ref fingerprint);
        foreach (var (id, work) in _work.Entries)
        {
            id.AddTo(ref fingerprint);
            work.AddTo(ref fingerprint);
        }

        foreach (var (group, view) in _led)
        {
            fingerprint.Add((long)group);
            fingerprint.Add(view);
        }

        foreach (var (id, creation) in _creations.Entries)
        {
            id.AddTo(ref fingerprint);
            creation.Caller.AddTo(ref fingerprint);
        }

        _deadlines.AddTo(ref fingerprint, id => Rng.Mix(((ulong)id.Group << 40) ^ (ulong)id.Op));
        _timers.AddTo(ref fingerprint);
        _watches.AddTo(ref fingerprint);
        _forwards.AddTo(ref fingerprint);
        _postponed.AddTo(ref fingerprint);
        _submissions.AddTo(ref fingerprint);
        AddKeysTo(ref fingerprint);
        _rng.AddTo(ref fingerprint);
        fingerprint.Add(_boot.Value);
        fingerprint.Add(_nextCallId);
        fingerprint.Add(_isSnapshotStoring);
    }

    private void CheckInvariants(LedgerJob job)
    {
        var work = _work.GetValueOrDefault(job.Id);
        Invariant.Holds(work is not null);
        // Every live job is waited for: by its deadline, or by the entry that says the deadline is reached.
        Invariant.Holds(_deadlines.TryGet(job.Id, out _) != work.IsDeadlineProposed);
        Invariant.Holds(EndOf(job, work) is not null || work.IsDeadlineProposed);
        foreach (var slot in job.Slots)
        {
            var isIdle = !_timers.Has(new SlotPlace(job.Id, slot.Slot))
                && work.Slots[slot.Slot].Proposed == SlotProposal.None;
            if (!isIdle) continue;
            // A slot that nothing is done about runs, is done, or is not wanted any more.
            Invariant.Holds(!slot.IsOpen || work.Slots[slot.Slot].IsStarted);
            Invariant.Holds(slot.IsOpen || slot.Outcome is not null || job.IsCancelling);
        }
    }
}
