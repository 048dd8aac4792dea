using Hyperscale.Det.Durability;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Microsoft.Coyote.Actors;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>Gates, managers, a worker in each datacenter and one client as actors, and what an outside
/// observer has seen of them.</summary>
/// <param name="create">Makes a node's machine; a scenario may plant a bug here.</param>
/// <param name="managers">How many each datacenter has; without, one datacenter has one.</param>
internal sealed class Cluster(
    Func<NodeId, Topology, INode> create, int ticksMax, int crashesMax, int gates = 1, params int[] managers)
{
    public static readonly NodeId Gate = NodeId.Of("gate-1");
    public static readonly NodeId Manager = NodeId.Of("dc-a/manager-1");
    public static readonly NodeId Worker = NodeId.Of("dc-a/worker-1");
    public static readonly NodeId Client = NodeId.Of("client-1");

    private readonly Topology _topology = new(
        "coyote",
        [.. Enumerable.Range(1, gates).Select(number => NodeId.Of($"gate-{number}"))],
        [.. (managers.Length > 0 ? managers : [1]).Select((count, index) => Datacenter(index, count))],
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

    /// <summary>How many turns pass, in the mean, until a crash: with more of them they come later in a
    /// run.</summary>
    public int TurnsPerCrash { get; init; } = 4;

    /// <summary>When each node that runs wants to be woken.</summary>
    public SortedDictionary<NodeId, Instant> Due { get; } = [];

    /// <summary>Nodes that are about to be woken.</summary>
    public SortedSet<NodeId> Ticking { get; } = [];

    /// <summary>How many of the clock's turns pass, in the mean, until time does; with more of them clocks
    /// are slower beside messages.</summary>
    public int TurnsPerTick { get; init; } = 1;

    /// <summary>How many turns of the schedule a late message takes at most.</summary>
    public int DetourTurns { get; init; } = 60;

    /// <summary>Whom crashes may hit.</summary>
    public IReadOnlyList<NodeId> Victims { get; init; } = [Gate, Manager, Worker];

    /// <summary>Whether a manager dies soon after it granted a retry.</summary>
    public bool CrashesAfterGrants { get; init; }

    /// <summary>Whether a gate dies soon after it accepted a job, and repeats of the submission come once
    /// another view has begun.</summary>
    public bool CrashesAfterAnswers { get; init; }

    /// <summary>Repeats that wait for a later view.</summary>
    public Queue<NodeEvents.Asked> LaterRepeats { get; } = [];

    public int CrashesLeft { get; set; } = crashesMax;

    /// <summary>Whether the client cancels a job some time after it was accepted.</summary>
    public bool CancelsAccepted { get; init; }

    /// <summary>Jobs whose cancellation the client was told to ask for.</summary>
    public SortedSet<JobId> Cancelled { get; } = [];

    /// <summary>So many exit codes are equally likely, of which one, 0, is success.</summary>
    public int ExitCodes { get; init; } = 2;

    /// <summary>Makes a job of its name.</summary>
    public Func<string, JobSpec> JobOf { get; init; } = Jobs.Of;

    /// <summary>How often each submission is repeated under its key; without repeats it has none.</summary>
    public int Repeats { get; init; }

    public Observer Observer { get; } = new();

    public INode Create(NodeId id) => create(id, _topology);

    public static INode Genuine(NodeId id, Topology topology) => id switch
    {
        _ when topology.Gates.Contains(id) => new GateNode(id, topology, GateConfig.Default),
        _ when IsManager(id, topology) =>
            new ManagerNode(id, DatacenterOf(id), topology, ManagerConfig.Default),
        _ when id != Client =>
            new WorkerNode(id, DatacenterOf(id), topology, WorkerConfig.Default(cores: 1)),
        _ => new ClientNode(id, topology, ClientConfig.Default),
    };

    /// <summary>Gates and managers.</summary>
    public IEnumerable<NodeId> Replicas => _topology.Members.Select(member => member.Node);

    /// <summary>Starts everything and lets a client submit jobs.</summary>
    public void Run(IActorRuntime runtime, int jobs, bool cancels)
    {
        var workers = _topology.Datacenters.Select(dc => NodeId.Of($"{dc.Name}/worker-1"));
        NodeId[] nodes = [.. Replicas, .. workers, Client];
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
        runtime.CreateActor(typeof(ClockActor), new ClockActor.Begun(this));
    }

    private void Submit(IActorRuntime runtime, int job)
    {
        IdempotencyKey? key = Repeats > 0 ? IdempotencyKey.Of("client-1", job, nonce: 7) : null;
        var submit = new ClientRequest.SubmitJob(JobOf($"job-{job}"), key);
        for (var repeat = 0; repeat <= Repeats; repeat++)
        {
            var request = job + (100 * repeat);
            if (key is { } given) Observer.Expect(request, given);
            var asked = new NodeEvents.Asked(request, submit);
            if (repeat > 0 && CrashesAfterAnswers) LaterRepeats.Enqueue(asked);
            else runtime.SendEvent(_actors[Client], asked);
        }
    }

    private static DatacenterTopology Datacenter(int index, int managers)
    {
        var name = $"dc-{(char)('a' + index)}";
        return new DatacenterTopology(
            name,
            [.. Enumerable.Range(1, managers).Select(number => NodeId.Of($"{name}/manager-{number}"))]);
    }

    private static bool IsManager(NodeId id, Topology topology) =>
        topology.Datacenters.Any(dc => dc.Managers.Contains(id));

    private static string DatacenterOf(NodeId id) =>
        id.Name[..id.Name.IndexOf('/', StringComparison.Ordinal)];
}

/// <summary>The smallest job that exercises an order between workflows.</summary>
internal static class Jobs
{
    public static JobSpec Of(string name) => new(
        name, new DatacenterChoice(1, [], []), null, null, null, null, [],
        [Workflow("first"), Workflow("second", dependsOn: 0)]);

    /// <summary>One workflow in each of two datacenters, which share a budget of retries.</summary>
    public static JobSpec Shared(string name, int budget, BestEffortSpec? bestEffort = null) => new(
        name, new DatacenterChoice(2, [], []), null, null, bestEffort, null, [], [Workflow("only")])
    {
        RetryBudget = budget,
        RetryBudgetPerWorkflow = 2,
    };

    private static WorkflowSpec Workflow(string name, params int[] dependsOn) => new(
        name, WorkflowKind.Exec, 1, Duration.FromSeconds(1), Duration.FromSeconds(60), null, null, dependsOn,
        null, new ExecSpec(["true"]), null);
}
