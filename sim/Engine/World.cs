using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Clients;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Network;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>One cluster in one simulated world, from its plan.</summary>
/// <remarks>Pops the earliest event, steps one node, lets the checkers look, carries out the effects. Two
/// phases: faults as planned, then a healed world in which everything has to end.</remarks>
public sealed class World : INetworkEnds
{
    private readonly SimHost[] _hosts;
    private readonly Dictionary<NodeId, int> _placeOf = [];
    private readonly Func<NodePlace, INode> _createNode;

    /// <param name="createNode">Makes the machine of a place; null for the real ones.</param>
    /// <param name="checkers">Null for all of them.</param>
    /// <param name="trace">Null for none.</param>
    public World(
        Plan plan,
        Func<NodePlace, INode>? createNode = null,
        IReadOnlyList<Checker>? checkers = null,
        ITrace? trace = null)
    {
        Plan = plan;
        Trace = trace;
        Topology = WorldNames.Configured(plan.Topology);
        Places = NodePlace.Of(plan.Topology);
        Scheduler = new Scheduler(plan.Seed, Places.Count);
        _createNode = createNode ?? (place => place.CreateNode(Topology, plan.Options));
        foreach (var place in Places) _placeOf.Add(place.Id, place.Index);
        Network = new SimNetwork(
            Scheduler, plan, [.. Places.Select(place => place.Id)], [.. Places.Select(place => place.Site)],
            this, Coverage);
        Processes = new ProcessTable(this);
        _hosts = [.. Places.Select(place => new SimHost(this, place))];
        Clients = new ClientDriver(this, [.. _hosts.Where(host => host.Place.Role == NodeRole.Client)]);
        Checks = new CheckBoard(this, checkers ?? AllCheckers.Create());
        Faults = new FaultDriver(this);
        foreach (var host in _hosts) host.Start();
    }

    public Plan Plan { get; }

    public Topology Topology { get; }

    public IReadOnlyList<NodePlace> Places { get; }

    public Scheduler Scheduler { get; }

    public SimNetwork Network { get; }

    public ProcessTable Processes { get; }

    public ClientDriver Clients { get; }

    public CheckBoard Checks { get; }

    public FaultDriver Faults { get; }

    public CoverageBoard Coverage { get; } = new();

    public ITrace? Trace { get; }

    public IReadOnlyList<SimHost> Hosts => _hosts;

    public Instant Now => Scheduler.Now;

    /// <summary>Whether the faults are over.</summary>
    public bool IsHealed { get; internal set; }

    /// <summary>Whether a worker of a datacenter ever made latencies up.</summary>
    public bool HasLyingWorkers(string datacenter) => _hosts.Any(host =>
        host.HasLied && host.Place.Role == NodeRole.Worker && host.Place.Datacenter == datacenter);

    /// <summary>Whether a worker of a datacenter ever told of more requests than it made.</summary>
    public bool HasHugeLies(string datacenter) => _hosts.Any(host =>
        host.HasLiedHugely && host.Place.Role == NodeRole.Worker && host.Place.Datacenter == datacenter);

    /// <summary>Runs to the end of the plan.</summary>
    /// <exception cref="CheckFailedException">A rule was broken.</exception>
    public void Run()
    {
        var limit = Instant.Zero + Plan.FaultsEnd + Plan.SettleWithin;
        while ((!Clients.IsSettled || !Checks.AreAtRest) && Scheduler.Next <= limit) Step();
        Checks.OnEnd();
        foreach (var host in _hosts)
        {
            var fingerprint = new Fingerprint();
            host.Node?.AddTo(ref fingerprint);
            Scheduler.Mix(fingerprint.Value);
        }
    }

    /// <summary>Runs until an instant.</summary>
    public void RunUntil(Instant until)
    {
        while (Scheduler.Next <= until) Step();
        Scheduler.PassTo(until);
    }

    /// <summary>Lets the next event happen.</summary>
    public void Step()
    {
        if (Scheduler.Take() is not { } simEvent) return;
        Trace?.OnEvent(Now, simEvent);
        try
        {
            simEvent.Fire();
        }
        catch (Exception e) when (e is not CheckFailedException)
        {
            // A machine never throws for what the world can cause: whatever it threw is a bug of ours.
            throw new CheckFailedException(
                e is InvariantViolationException ? "invariants" : "no-exception", WhereOf(simEvent, e), e);
        }

        Checks.OnEvent();
    }

    public bool TryPlace(NodeId node, out int place) => _placeOf.TryGetValue(node, out place);

    public SimHost HostOf(string name) => _hosts.First(host => host.Id.Name == name);

    bool INetworkEnds.IsListening(int node) => _hosts[node].IsRunning;

    bool INetworkEnds.IsMachineUp(int node) => _hosts[node].IsMachineUp;

    int INetworkEnds.Life(int node) => _hosts[node].Life;

    void INetworkEnds.Post(int node, NodeInput input) => _hosts[node].Post(input);

    internal INode CreateNode(NodePlace place) => _createNode(place);

    internal void OnProcessEnded(SimHost host, CrashExtent extent)
    {
        Checks.OnEnded(host, extent);
        Network.OnProcessEnded(host.Place.Index, extent);
        Processes.OnWorkerEnded(host);
        if (host.Place.Role == NodeRole.Client) Clients.OnHostEnded(host);
    }

    private string WhereOf(SimEvent simEvent, Exception e)
    {
        var node = simEvent.Lane >= 0 ? Places[simEvent.Lane].Id.Name : "the world";
        return $"{node} at {Now}, when {simEvent}: {e.GetType().Name}: {e.Message}";
    }
}

/// <summary>Sees a run as it happens.</summary>
public interface ITrace
{
    void OnEvent(Instant at, SimEvent simEvent);

    void OnStep(SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects);

    /// <summary>Something that no node saw, in words.</summary>
    void OnNote(Instant at, string note);
}
