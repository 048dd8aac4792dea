using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>One node of a world.</summary>
/// <param name="Index">Its number in the world.</param>
/// <param name="Datacenter">Empty for gates and clients.</param>
/// <param name="Site">Number of the datacenter it is close to.</param>
/// <param name="Cores">Of a worker.</param>
public sealed record NodePlace(int Index, NodeId Id, NodeRole Role, string Datacenter, int Site, int Cores)
{
    /// <summary>Whether it keeps a log.</summary>
    public bool HasDisk => Role is NodeRole.Gate or NodeRole.Manager;

    /// <summary>The nodes of a topology, in the order of <see cref="WorldNames.Of"/>.</summary>
    public static IReadOnlyList<NodePlace> Of(PlanTopology topology)
    {
        var places = new List<NodePlace>();
        var sites = topology.Datacenters.Count;
        for (var i = 0; i < topology.Gates; i++)
            Add(WorldNames.Gate(i), NodeRole.Gate, "", i % sites, 0);
        for (var site = 0; site < sites; site++)
        {
            var dc = topology.Datacenters[site];
            for (var i = 0; i < dc.Managers; i++)
                Add(WorldNames.Manager(dc.Name, i), NodeRole.Manager, dc.Name, site, 0);
            for (var i = 0; i < dc.WorkerCores.Count; i++)
                Add(WorldNames.Worker(dc.Name, i), NodeRole.Worker, dc.Name, site, dc.WorkerCores[i]);
        }

        for (var i = 0; i < topology.Clients; i++)
            Add(WorldNames.Client(i), NodeRole.Client, "", i % sites, 0);
        return places;

        void Add(string name, NodeRole role, string datacenter, int site, int cores) =>
            places.Add(new NodePlace(places.Count, NodeId.Of(name), role, datacenter, site, cores));
    }

    /// <summary>The real machine of this place.</summary>
    public INode CreateNode(Topology topology, PlanOptions options) => Role switch
    {
        NodeRole.Gate => new GateNode(Id, topology, options.Gate),
        NodeRole.Manager => new ManagerNode(Id, Datacenter, topology, options.Manager),
        NodeRole.Worker => new WorkerNode(Id, Datacenter, topology, options.Worker with { Cores = Cores }),
        NodeRole.Client => new ClientNode(Id, topology, options.Client),
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {Role}"),
    };
}
