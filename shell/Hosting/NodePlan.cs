using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>What one node of a process is made of.</summary>
/// <param name="View">What a gate hears of the datacenters; null on other nodes.</param>
internal sealed record NodePlan(
    INode Node,
    NodeRole Role,
    string Datacenter,
    Topology Topology,
    IReadOnlyDictionary<NodeId, PeerAddress> Addresses,
    Func<INodeLogObserver, INodeLog> OpenLog,
    WorkloadRunnerFactory? Workloads,
    ClusterView? View)
{
    /// <summary>Between two looks at the node's resources; null for none.</summary>
    public Duration? SampleInterval { get; init; }

    /// <summary>The node that a configuration describes.</summary>
    public static NodePlan Of(NodeSettings settings, NodeServices services)
    {
        var (id, datacenter, topology) = (settings.Id, settings.Datacenter, settings.Topology);
        INode node = settings.Role switch
        {
            NodeRole.Gate =>
                new GateNode(id, topology, ConfigOf(services.Gate, settings.Settings)),
            NodeRole.Manager => new ManagerNode(
                id, datacenter, topology,
                ConfigOf(services.Manager, settings.Settings)),
            NodeRole.Worker => new WorkerNode(
                id, datacenter, topology,
                services.Worker(settings.Cores) with
                {
                    Resources = settings.Settings.Resources,
                    Slo = settings.Settings.Slo,
                }),
            NodeRole.Client => throw new UnreachableException("no configuration describes a client"),
            _ => throw new UnreachableException($"unhandled {settings.Role}"),
        };
        return new NodePlan(
            node, settings.Role, datacenter, topology, settings.Addresses,
            observer => settings.DataDirectory.Length == 0
                ? new NoLog()
                : OpenDisk(settings, services, observer),
            settings.Role == NodeRole.Worker ? ProcessWorkloadRunner.Factory : null,
            node is GateNode gate
                ? new ClusterView(topology, services.Time, gate.SloOf)
                : null)
        {
            SampleInterval = settings.Settings.Resources.SampleInterval,
        };
    }

    private static GateConfig ConfigOf(GateConfig config, ReadSettings settings) => config with
    {
        Idempotency = settings.Idempotency,
        RetryBudget = settings.RetryBudget,
        BestEffort = settings.BestEffort,
        Capacity = settings.Capacity,
        Routing = settings.Routing,
        Slo = settings.Slo,
    };

    private static ManagerConfig ConfigOf(ManagerConfig config, ReadSettings settings) => config with
    {
        Idempotency = settings.Idempotency,
        HeartbeatInterval = settings.Capacity.HeartbeatInterval,
        Slo = settings.Slo,
    };

    /// <summary>A node that asks the gates on behalf of this process.</summary>
    public static NodePlan OfClient(
        NodeId id,
        Topology topology,
        IReadOnlyDictionary<NodeId, PeerAddress> addresses,
        NodeServices services) =>
        new(
            new ClientNode(id, topology, services.Client), NodeRole.Client, "", topology, addresses,
            _ => new NoLog(), null, null);

    private static DiskLog OpenDisk(NodeSettings settings, NodeServices services, INodeLogObserver observer)
    {
        var owner = NodeDisk.OwnerOf(settings) with { Empty = services.EmptyDisk };
        var log = DiskLog.Open(settings.DataDirectory, owner, services.Log, observer);
        foreach (var note in log.Notes) ShellLog.LogNote(services.Logger, settings.Id, note);
        return log;
    }
}
