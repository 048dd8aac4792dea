using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

public sealed partial class ManagerNode
{
    /// <inheritdoc/>
    public void CheckInvariants()
    {
        if (_fault is not null) return;
        Ledger.CheckInvariants();
        _replicas.CheckInvariants();
        _membership.CheckInvariants();
        _resources.CheckInvariants();
        if (!Leads)
        {
            Invariant.Holds(_workers.Count == 0 && _lives.Count == 0 && _tracks.Count == 0);
            Invariant.Holds(_placing.Count == 0 && _ending.Count == 0);
            Invariant.Holds(_retrying.Count + _retryAt.Count + _askedSince.Count == 0);
            Invariant.Holds(_contacts.Count + _askAt.Count + _startAskedAt.Count == 0);
            Invariant.Holds(_placeable.Count == 0);
            Invariant.Holds(!_isExpiringKeys && _expireKeysAt == Instant.Never);
            Invariant.Holds(Proposals.All(proposed => proposed.Count == 0));
            return;
        }

        _latencies.CheckInvariants();
        _workers.CheckInvariants();
        Invariant.Holds(_workers.Count <= _config.WorkersMax);
        Invariant.Holds(_workers.Count == _lives.Count);
        foreach (var worker in _workers.Views) CheckCores(worker);
        foreach (var (attempt, placing) in _placing)
        {
            Invariant.Holds(!Ledger.IsLive(attempt));
            Invariant.Holds(placing.Cores == SpecOf(attempt).Cores);
        }

        foreach (var attempt in _ending.Keys) Invariant.Holds(Ledger.IsLive(attempt));
        CheckAttempts();
        CheckSlots();
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Id);
        fingerprint.Add(_fault);
        fingerprint.Add(_boot.Value);
        fingerprint.Add(_isStoring);
        fingerprint.Add(_ledView ?? 0);
        fingerprint.Add(_heartbeatVersion);
        fingerprint.Add(_heartbeatAt);
        fingerprint.Add(_isWholeAt);
        _latencies.AddTo(ref fingerprint);
        fingerprint.Add(_expireKeysAt);
        fingerprint.Add(_isExpiringKeys);
        fingerprint.Add(_evictedTold);
        Ledger.AddTo(ref fingerprint);
        _replicas.AddTo(ref fingerprint);
        _membership.AddTo(ref fingerprint);
        _resources.AddTo(ref fingerprint);
        _clock.AddTo(ref fingerprint);
        _workers.AddTo(ref fingerprint);
        AddSlotsTo(ref fingerprint);
        AddAttemptsTo(ref fingerprint);
        AddRetriesTo(ref fingerprint);
        AddContactsTo(ref fingerprint);
        fingerprint.Add((long)_lives.Count);
        foreach (var (worker, life) in _lives)
        {
            fingerprint.Add(worker);
            fingerprint.Add(life.Boot.Value);
            fingerprint.Add(life.Sequence);
        }

        _deadAt.AddTo(ref fingerprint, worker => Rng.HashText(worker.Name));
    }

    private void AddSlotsTo(ref Fingerprint fingerprint)
    {
        foreach (var proposed in Proposals)
        {
            fingerprint.Add((long)proposed.Count);
            foreach (var (slot, fence) in proposed)
            {
                slot.AddTo(ref fingerprint);
                fingerprint.Add(fence);
            }
        }

        _expireAt.AddTo(ref fingerprint, HashOf);
        _finishAt.AddTo(ref fingerprint, HashOf);
        _progressAt.AddTo(ref fingerprint, HashOf);
        fingerprint.Add(_progressRevision);
        foreach (var (slot, at) in _progressSentAt)
        {
            slot.AddTo(ref fingerprint);
            fingerprint.Add(at);
        }
    }

    private void AddAttemptsTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_isPlacingDue);
        fingerprint.Add(_heldFor is not null);
        _heldFor?.AddTo(ref fingerprint);
        fingerprint.Add((long)_placing.Count);
        foreach (var (attempt, placing) in _placing)
        {
            attempt.AddTo(ref fingerprint);
            fingerprint.Add(placing.Worker);
            fingerprint.Add(placing.Boot.Value);
        }

        fingerprint.Add((long)_ending.Count);
        foreach (var (attempt, isAwaited) in _ending)
        {
            attempt.AddTo(ref fingerprint);
            fingerprint.Add(isAwaited);
        }

        _sendAt.AddTo(ref fingerprint, attempt => HashOf(attempt.Slot) ^ (ulong)attempt.Workflow);
        foreach (var (attempt, track) in _tracks)
        {
            attempt.AddTo(ref fingerprint);
            fingerprint.Add(track.IsAccepted);
            fingerprint.Add(track.IsHeldBack);
            fingerprint.Add(track.FirstSentAt ?? Instant.Never);
            fingerprint.Add(track.Refusal);
            fingerprint.Add(track.Revision);
            track.Stats.AddTo(ref fingerprint);
        }
    }

    private static ulong HashOf(SlotKey slot)
    {
        var fingerprint = new Fingerprint();
        slot.AddTo(ref fingerprint);
        return fingerprint.Value;
    }

    /// <summary>What a life of a worker was given never exceeds what it has.</summary>
    private void CheckCores(WorkerView worker)
    {
        var live = Ledger.LiveOn(worker.Id);
        var proposed = _placing.Values.Where(p => p.Worker == worker.Id).Sum(p => p.Cores);
        var used = live.Sum(a => SpecOf(a).Cores) + proposed;
        Invariant.Holds(CoresGiven(worker.Id, worker.Boot) <= worker.Cores);
        Invariant.Holds(_workers.UsedOn(worker.Id) == used);
        var free = worker.Standing == WorkerStanding.OverBudget ? 0 : Math.Max(0, worker.Cores - used);
        Invariant.Holds(worker.FreeCores == free);
        Invariant.Holds(_lives[worker.Id].Boot == worker.Boot);
        Invariant.Holds(_deadAt.TryGet(worker.Id, out _));
    }

    private void CheckAttempts()
    {
        var live = 0;
        foreach (var worker in Ledger.LoadedWorkers)
        {
            foreach (var attempt in Ledger.LiveOn(worker))
            {
                live++;
                Invariant.Holds(_tracks.ContainsKey(attempt));
                // Nothing live is forgotten: its end is on its way, or a deadline watches over it.
                var isWatched = _ending.ContainsKey(attempt)
                    || _sendAt.TryGet(attempt, out _)
                    || _deadAt.TryGet(worker, out _);
                Invariant.Holds(isWatched);
            }
        }

        Invariant.Holds(live == _tracks.Count);
    }

    private void CheckSlots()
    {
        foreach (var slot in Ledger.Slots)
        {
            if (slot.IsReserved) Invariant.Holds(_expireAt.TryGet(slot.Key, out _));
            if (slot.Outcome is not null) Invariant.Holds(_finishAt.TryGet(slot.Key, out _));
            CheckRetries(slot);
            CheckContact(slot);
        }

        Invariant.Holds(_contacts.Count == Ledger.Slots.Count(IsAskedAbout));
        _placeable.CheckInvariants();
        foreach (var ready in _placeable.InOrder) Invariant.Holds(IsReady(ready.Key));
    }
}
