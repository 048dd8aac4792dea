using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

// What gates have dispatched and no heartbeat shows. A dispatch is on its way while the next heartbeat is
// sent, so the one after that is the first that surely shows it, unless the manager has admitted it before.
public sealed partial class DatacenterCapacityAggregator
{
    /// <summary>Dispatches of this gate that are kept apart, so that they can be taken back.</summary>
    public const int DispatchesMax = 100_000;

    private readonly SortedDictionary<NodeId, List<Debit>> _debits = [];
    private readonly LaneTable<DatacenterName, long> _debited = new(lanes: 1);
    private readonly LaneTable<SlotPlace, (Debit Debit, int Cores)> _dispatches = new(lanes: 1);
    private readonly SortedDictionary<NodeId, (long Incarnation, long Revision)> _told = [];
    private readonly DeadlineQueue<long> _debitDeadlines = new();
    private readonly SortedDictionary<long, Debit> _byId = [];
    private long _lastDebit;
    private long _revision;

    /// <summary>Cores that gates have dispatched to the datacenter and no heartbeat shows.</summary>
    public long DebitedIn(DatacenterName datacenter, Instant now)
    {
        ExpireDebits(now);
        var slot = _debited.Find(datacenter);
        return slot < 0 ? 0 : _debited.ValueAt(slot);
    }

    /// <summary>Notes cores that this gate dispatched, in place of what it dispatched for the same slot
    /// earlier.</summary>
    public void Dispatched(
        JobId job, int slot, DatacenterName datacenter, NodeId manager, int cores, Instant now)
    {
        TakeBack(job, slot);
        if (_dispatches.Count == DispatchesMax) _dispatches.Remove(_dispatches.OldestIn(0));
        var debit = OwnDebit(datacenter, manager);
        _dispatches.Add(new SlotPlace(job, slot), (debit, cores), 0);
        Add(debit, cores);
        _debitDeadlines.Set(debit.Id, now + config.StalenessThreshold);
        _revision++;
    }

    /// <summary>The manager has admitted the slot: its next heartbeat shows it, as messages between two nodes
    /// keep their order.</summary>
    public void Admitted(JobId job, int slot, Instant now)
    {
        var at = _dispatches.Find(new SlotPlace(job, slot));
        if (at < 0) return;
        var (debit, cores) = _dispatches.ValueAt(at);
        var manager = _managers.Find(debit.Share.Manager);
        if (!_byId.ContainsKey(debit.Id) || manager < 0) return;
        var newest = _managers.ValueAt(manager).Report;
        Add(debit, -cores);
        if (debit.Cores == 0) Drop(debit);
        // As if it had been dispatched one heartbeat earlier.
        var admitted = OpenOwn(debit.Share with
        {
            View = newest.View,
            Incarnation = newest.Incarnation,
            Version = newest.Version - 1,
            Cores = 0,
        });
        _dispatches.ValueAt(at) = (admitted, cores);
        Add(admitted, cores);
        _debitDeadlines.Set(admitted.Id, now + config.StalenessThreshold);
        _revision++;
    }

    /// <summary>The datacenter refused the slot, or is not to have it: its cores are not debited any
    /// more.</summary>
    public void TakeBack(JobId job, int slot)
    {
        var at = _dispatches.Find(new SlotPlace(job, slot));
        if (at < 0) return;
        var (debit, cores) = _dispatches.ValueAt(at);
        _dispatches.Remove(at);
        if (!_byId.ContainsKey(debit.Id)) return;
        Add(debit, -cores);
        if (debit.Cores == 0) Drop(debit);
        _revision++;
    }

    /// <summary>Rises with every change of what this gate has to tell.</summary>
    public long DebitRevision => _revision;

    /// <summary>What this gate tells the others.</summary>
    /// <param name="self">This gate.</param>
    /// <param name="incarnation">Of this start of it.</param>
    public DebitReport Debits(NodeId self, long incarnation, Instant now)
    {
        ExpireDebits(now);
        return new(
            self,
            incarnation,
            _revision,
            [.. _byId.Values.Where(debit => debit.Gate is null).Take(CapacityLimits.SharesMax)
                .Select(debit => debit.Told)]);
    }

    /// <summary>Takes what another gate told; false when it is not newer than what it told before.</summary>
    /// <param name="report">Of a configured gate: what each of them told is remembered.</param>
    public bool Merge(DebitReport report, Instant now)
    {
        var told = (report.Incarnation, report.Revision);
        if (_told.TryGetValue(report.Gate, out var known) && told.CompareTo(known) <= 0) return false;
        _told[report.Gate] = told;
        foreach (var old in _byId.Values.Where(debit => debit.Gate == report.Gate).ToList()) Drop(old);
        foreach (var share in report.Shares)
        {
            if (IsShown(share)) continue;
            var debit = Open(share with { Cores = 0 }, report.Gate);
            Add(debit, share.Cores);
            _debitDeadlines.Set(debit.Id, now + config.StalenessThreshold);
        }

        return true;
    }

    private Debit OwnDebit(DatacenterName datacenter, NodeId manager)
    {
        var slot = _managers.Find(manager);
        var newest = slot < 0 ? null : _managers.ValueAt(slot).Report;
        var share = new DebitShare(
            datacenter, manager, newest?.View ?? 0, newest?.Incarnation ?? 0, newest?.Version ?? 0, 0);
        return OpenOwn(share);
    }

    private Debit OpenOwn(DebitShare share)
    {
        var open = _debits.TryGetValue(share.Manager, out var list)
            ? list.Find(debit => debit.Gate is null && debit.Share == share)
            : null;
        return open ?? Open(share, gate: null);
    }

    private Debit Open(DebitShare share, NodeId? gate)
    {
        var debit = new Debit(++_lastDebit, gate, share);
        if (!_debits.TryGetValue(share.Manager, out var list)) _debits.Add(share.Manager, list = []);
        list.Add(debit);
        _byId.Add(debit.Id, debit);
        return debit;
    }

    private void Add(Debit debit, long cores)
    {
        debit.Cores += cores;
        var slot = _debited.Find(debit.Share.Datacenter);
        if (slot < 0) slot = _debited.Add(debit.Share.Datacenter, 0, 0);
        _debited.ValueAt(slot) += cores;
        if (_debited.ValueAt(slot) == 0) _debited.Remove(slot);
    }

    private void Drop(Debit debit)
    {
        if (debit.Cores != 0) Add(debit, -debit.Cores);
        var list = _debits[debit.Share.Manager];
        list.Remove(debit);
        if (list.Count == 0) _debits.Remove(debit.Share.Manager);
        _byId.Remove(debit.Id);
        _debitDeadlines.Remove(debit.Id);
    }

    /// <summary>Drops what the manager's newest report shows.</summary>
    private void DropShown(NodeId manager)
    {
        if (_debits.TryGetValue(manager, out var list)) DropShown(list);
    }

    /// <summary>Drops what was dispatched to whoever led the datacenter before.</summary>
    private void DropShownIn(DatacenterName datacenter) =>
        DropShown(_byId.Values.Where(debit => debit.Share.Datacenter == datacenter));

    private void DropShown(IEnumerable<Debit> debits)
    {
        foreach (var debit in debits.Where(debit => IsShown(debit.Share)).ToList())
        {
            if (debit.Gate is null) _revision++;
            Drop(debit);
        }
    }

    private bool IsShown(DebitShare share)
    {
        var at = _datacenters.Find(share.Datacenter);
        if (at >= 0 && _datacenters.ValueAt(at).View > share.View) return true;
        var slot = _managers.Find(share.Manager);
        if (slot < 0) return false;
        var report = _managers.ValueAt(slot).Report;
        if (report.View != share.View || report.Incarnation != share.Incarnation)
            return report.View > share.View || report.Incarnation > share.Incarnation;
        return report.Version - share.Version >= 2;
    }

    // Of a manager that sends no more heartbeats nothing is available anyway.
    private void ExpireDebits(Instant now)
    {
        while (_debitDeadlines.TryPop(now, out var id))
        {
            if (_byId[id].Gate is null) _revision++;
            Drop(_byId[id]);
        }
    }

    private void CheckDebits()
    {
        Invariant.Holds(_dispatches.Count <= DispatchesMax);
        Invariant.Holds(_debits.Values.Sum(list => list.Count) == _byId.Count);
        Invariant.Holds(_byId.Values.All(debit => debit.Cores > 0));
        Invariant.Holds(_byId.Values.Sum(debit => debit.Cores) == _debited.In(0).Sum(entry => entry.Value));
    }

    private void AddDebitsTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_revision);
        foreach (var (gate, told) in _told)
        {
            fingerprint.Add(gate);
            fingerprint.Add(told.Incarnation);
            fingerprint.Add(told.Revision);
        }

        foreach (var debit in _byId.Values)
        {
            fingerprint.Add(debit.Gate?.Name);
            fingerprint.Add(debit.Share.Manager);
            fingerprint.Add(debit.Share.Incarnation);
            fingerprint.Add(debit.Share.Version);
            fingerprint.Add(debit.Cores);
        }
    }

    /// <param name="gate">Whose it is; null for this one's.</param>
    private sealed class Debit(long id, NodeId? gate, DebitShare share)
    {
        public long Id { get; } = id;

        public NodeId? Gate { get; } = gate;

        public DebitShare Share { get; } = share;

        public long Cores { get; set; }

        public DebitShare Told => Share with { Cores = Math.Min(Cores, CapacityLimits.CoresMax) };
    }
}
