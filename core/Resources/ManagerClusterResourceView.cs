using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>What the managers of a datacenter know of its resources together: the newest view of each.
/// </summary>
/// <remarks>Merging is commutative, associative and idempotent, so managers that hear the same views, in
/// whatever order and however often, have the same. A view counts for 30 s from its receipt, what it had been
/// under way before counted in.</remarks>
public sealed class ManagerClusterResourceView
{
    /// <summary>Managers whose views are kept.</summary>
    public const int ManagersMax = VersionVector.EntriesMax;

    public static readonly Duration Staleness = Duration.FromSeconds(30);

    private readonly NodeHealthTracker<ManagerLocalView> _views = new(Staleness, ManagersMax);

    // The newest of each worker, kept from sum to sum for its room: what is of an earlier one does not count.
    private LaneTable<NodeId, (long Round, WorkerAggregate Worker)> _workers = new(lanes: 1);
    private long _round;
    private int _counted;

    /// <summary>Takes a manager's view; what it says of its age counts.</summary>
    public TrackerVerdict Merge(ManagerLocalView view, Instant now) =>
        _views.Observe(view.Manager, view.Version, view, now, view.Age);

    /// <summary>Every view that counts, with its age, by manager.</summary>
    public IEnumerable<ManagerLocalView> Views(Instant now) =>
        _views.Fresh(now).Select(view => view.State with { Age = view.Age });

    /// <summary>The newest that is known of each worker, added up.</summary>
    public ClusterResources Resources(Instant now)
    {
        if (_workers.Count > 2 * _counted) _workers = new(lanes: 1);
        (_round, _counted) = (_round + 1, 0);
        var versions = new List<(NodeId, StateVersion)>(_views.Count);
        foreach (var (manager, version, view, _) in _views.Fresh(now))
        {
            versions.Add((manager, version));
            foreach (var worker in view.Workers) Count(worker);
        }

        return Sum(new VersionVector(versions));
    }

    public void Expire(Instant now) => _views.Expire(now);

    public void CheckInvariants() => _views.CheckInvariants();

    public void AddTo(ref Fingerprint fingerprint) =>
        _views.AddTo(ref fingerprint, ManagerLocalView.AddTo);

    // Managers hear the same workers, some of them later than others.
    private void Count(in WorkerAggregate worker)
    {
        var slot = _workers.Find(worker.Worker);
        if (slot < 0) slot = _workers.Add(worker.Worker, default, 0);
        ref var known = ref _workers.ValueAt(slot);
        if (known.Round != _round) _counted++;
        else if (known.Worker.Version >= worker.Version) return;
        known = (_round, worker);
    }

    private ClusterResources Sum(VersionVector versions)
    {
        var (over, cores, memory) = (0, 0L, 0L);
        double cpu = 0, cpuVariance = 0, used = 0, usedVariance = 0;
        for (var slot = _workers.OldestIn(0); slot >= 0; slot = _workers.After(slot))
        {
            ref readonly var entry = ref _workers.ValueAt(slot);
            if (entry.Round != _round) continue;
            ref readonly var worker = ref entry.Worker;
            if (worker.IsOverBudget) over++;
            cores += worker.Cores;
            memory = Math.Min(memory + worker.MemoryTotalBytes, ResourceFields.BytesMax);
            cpu += worker.Usage.CpuPercent;
            cpuVariance += worker.Usage.CpuDeviation * worker.Usage.CpuDeviation;
            used += worker.Usage.MemoryBytes;
            usedVariance += worker.Usage.MemoryDeviation * worker.Usage.MemoryDeviation;
        }

        return new ClusterResources(
            versions, _counted, over, cores,
            new ResourceUsage(cpu, Math.Sqrt(cpuVariance), used, Math.Sqrt(usedVariance)), memory);
    }
}
