using Hyperscale.Det.Durability;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Microsoft.Coyote.Actors;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>Gates, one manager, one worker and one client as actors, and what an outside observer has seen of
/// them.</summary>
/// <param name="create">Makes a node's machine; a scenario may plant a bug here.</param>
internal sealed class Cluster(
    Func<NodeId, Topology, INode> create, int ticksMax, int crashesMax, int gates = 1)
{
    public static readonly NodeId Gate = NodeId.Of("gate-1");
    public static readonly NodeId Manager = NodeId.Of("dc-a/manager-1");
    public static readonly NodeId Worker = NodeId.Of("dc-a/worker-1");
    public static readonly NodeId Client = NodeId.Of("client-1");

    private readonly Topology _topology = new(
        "coyote",
        [.. Enumerable.Range(1, gates).Select(number => NodeId.Of($"gate-{number}"))],
        [new DatacenterTopology("dc-a", [Manager])],
        LedgerGroups: 1);

    private readonly Dictionary<NodeId, ActorId> _actors = [];

    public IReadOnlyDictionary<NodeId, ActorId> Actors => _actors;

    /// <summary>Where messages go that arrive late.</summary>
    public ActorId Detour { get; private set; } = null!;

    /// <summary>Each node's records that are on disk; they outlive the process.</summary>
    public Dictionary<NodeId, List<WalRecord>> Disks { get; } = [];

    /// <summary>Events of passing time that are left: they bound a run.</summary>
    public int TicksLeft { get; set; } = ticksMax;

    /// <summary>Messages of sixteen of which a second copy comes late.</summary>
    public int LateCopies { get; init; } = 2;

    /// <summary>Whom crashes may hit.</summary>
    public IReadOnlyList<NodeId> Victims { get; init; } = [Gate, Manager, Worker];

    public int CrashesLeft { get; set; } = crashesMax;

    /// <summary>How often each submission is repeated under its key; without repeats it has none.</summary>
    public int Repeats { get; init; }

    public Observer Observer { get; } = new();

    public INode Create(NodeId id) => create(id, _topology);

    public static INode Genuine(NodeId id, Topology topology) => id switch
    {
        _ when topology.Gates.Contains(id) => new GateNode(id, topology, GateConfig.Default),
        _ when id == Manager => new ManagerNode(id, "dc-a", topology, ManagerConfig.Default),
        _ when id == Worker => new WorkerNode(id, "dc-a", topology, WorkerConfig.Default(cores: 1)),
        _ => new ClientNode(id, topology, ClientConfig.Default),
    };

    /// <summary>Starts everything and lets a client submit jobs.</summary>
    public void Run(IActorRuntime runtime, int jobs, bool cancels)
    {
        NodeId[] nodes = [.. _topology.Gates, Manager, Worker, Client];
        foreach (var node in nodes) Disks[node] = [];
        Detour = runtime.CreateActor(typeof(DetourActor));
        foreach (var node in nodes)
            _actors[node] = runtime.CreateActorIdFromName(typeof(NodeActor), node.Name);
        foreach (var node in nodes)
            runtime.CreateActor(_actors[node], typeof(NodeActor), new NodeEvents.Begun(this, node));
        foreach (var node in nodes) runtime.SendEvent(_actors[node], new NodeEvents.Started());
        for (var job = 1; job <= jobs; job++) Submit(runtime, job);

        if (cancels)
        {
            // The first job of the only group, if it is one by the time this arrives.
            var cancel = new ClientRequest.CancelJob(new JobId(0, 1));
            runtime.SendEvent(_actors[Client], new NodeEvents.Asked(jobs + 1, cancel));
        }

        runtime.CreateActor(typeof(FaultActor), new FaultActor.Begun(this));
    }

    private void Submit(IActorRuntime runtime, int job)
    {
        IdempotencyKey? key = Repeats > 0 ? IdempotencyKey.Of("client-1", job, nonce: 7) : null;
        var submit = new ClientRequest.SubmitJob(Jobs.Of($"job-{job}"), key);
        for (var repeat = 0; repeat <= Repeats; repeat++)
        {
            var request = job + (100 * repeat);
            if (key is { } given) Observer.Expect(request, given);
            runtime.SendEvent(_actors[Client], new NodeEvents.Asked(request, submit));
        }
    }
}

/// <summary>The smallest job that exercises an order between workflows.</summary>
internal static class Jobs
{
    public static JobSpec Of(string name) => new(
        name, new DatacenterChoice(1, [], []), null, null, null, null, [],
        [Workflow("first"), Workflow("second", dependsOn: 0)]);

    private static WorkflowSpec Workflow(string name, params int[] dependsOn) => new(
        name, WorkflowKind.Exec, 1, Duration.FromSeconds(1), Duration.FromSeconds(60), null, null, dependsOn,
        null, new ExecSpec(["true"]), null);
}
