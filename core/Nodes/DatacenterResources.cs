using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Nodes;

/// <summary>What a manager knows of its datacenter's resources: of its workers by their heartbeats, of what
/// other managers know by gossip (AD-41). Soft state of every manager, leading or not.</summary>
internal sealed class DatacenterResources
{
    private readonly NodeId _self;
    private readonly IReadOnlyList<NodeId> _managers;
    private readonly NodeHealthTracker<WorkerResourceReport> _workers;
    private readonly ManagerClusterResourceView _view = new();
    private readonly ManagerResourceGossip _gossip;
    private StateVersion _version;
    private ResourceUsage _own;
    private NodeReading? _last;

    public DatacenterResources(NodeId self, IReadOnlyList<NodeId> managers, int workersMax)
    {
        (_self, _managers) = (self, managers);
        _workers = new NodeHealthTracker<WorkerResourceReport>(
            ManagerClusterResourceView.Staleness, workersMax);
        _gossip = new ManagerResourceGossip([.. managers.Where(manager => manager != self)]);
    }

    public Instant NextDeadline => _gossip.NextDeadline;

    public void Start(NodeInput.Started started, Instant now)
    {
        _version = new StateVersion(started.Boot.Starts, 0);
        _gossip.Start(_self, started.Boot, started.Seed, now);
    }

    /// <summary>The host looked at this manager's process and its machine.</summary>
    public void Observe(NodeReading reading)
    {
        if (_last is { } last && reading.At > last.At)
            _own = new ResourceUsage(100 * reading.CoresSince(last), 0, reading.MemoryUsedBytes, 0);
        _last = reading;
    }

    /// <summary>Every view that counts, with its age, by manager.</summary>
    public IEnumerable<ManagerLocalView> Views(Instant now) => _view.Views(now);

    /// <summary>A worker told what it uses.</summary>
    public void OnHeartbeat(NodeId worker, Message.WorkerHeartbeat heartbeat, Instant now)
    {
        if (heartbeat.Resources is { } report)
            _workers.Observe(worker, new StateVersion(0, heartbeat.Sequence), report, now);
    }

    /// <summary>Another manager told what it knows.</summary>
    public NodeVerdict OnGossiped(NodeId from, Message.ResourcesGossiped gossiped, Instant now)
    {
        if (!_managers.Contains(from)) return NodeVerdict.Unknown;
        var isNews = false;
        foreach (var view in gossiped.Views)
        {
            // Nobody else knows better what this manager hears, but perhaps what it once said.
            if (view.Manager == _self) _version = _version.Over(view.Version);
            if (view.Manager == _self || !_managers.Contains(view.Manager)) continue;
            isNews |= _view.Merge(view, now) == TrackerVerdict.Accepted;
        }

        return isNews ? NodeVerdict.Accepted : NodeVerdict.Stale;
    }

    /// <summary>Tells a few others, once that is due.</summary>
    public void Tick(Turn turn)
    {
        var peers = _gossip.TakePeers(turn.Now);
        if (peers.Count == 0) return;
        Refresh(turn.Now);
        var message = new Message.ResourcesGossiped(_gossip.Choose(_self, [.. _view.Views(turn.Now)]));
        foreach (var peer in peers) turn.Send(peer, message);
    }

    /// <summary>What the gates are told now; null before anything is known.</summary>
    public ClusterResources? Now(Instant now)
    {
        Refresh(now);
        var resources = _view.Resources(now);
        return resources.Workers == 0 ? null : resources;
    }

    public void CheckInvariants()
    {
        _workers.CheckInvariants();
        _view.CheckInvariants();
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _workers.AddTo(ref fingerprint, WorkerResourceReport.AddTo);
        _view.AddTo(ref fingerprint);
        _gossip.AddTo(ref fingerprint);
        _version.AddTo(ref fingerprint);
        _own.AddTo(ref fingerprint);
        fingerprint.Add(_last?.At ?? Instant.Never);
        fingerprint.Add(_last?.CpuNanoseconds ?? 0);
    }

    private void Refresh(Instant now)
    {
        _workers.Expire(now);
        _view.Expire(now);
        _version = _version with { Number = _version.Number + 1 };
        var workers = _workers.Fresh(now).Take(ManagerLocalView.WorkersMax)
            .Select(worker => WorkerAggregate.Of(worker.Node, worker.Version.Number, worker.State));
        _view.Merge(new ManagerLocalView(_self, _version, _own, [.. workers], Duration.Zero), now);
    }
}
