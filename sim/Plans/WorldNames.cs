using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>Names of the nodes of a plan's topology, in the order of their places.</summary>
public static class WorldNames
{
    public static string Gate(int number) => $"gate-{number + 1}";

    public static string Manager(string datacenter, int number) => $"{datacenter}/manager-{number + 1}";

    public static string Worker(string datacenter, int number) => $"{datacenter}/worker-{number + 1}";

    public static string Client(int number) => $"client-{number + 1}";

    /// <summary>Gates, then the managers and workers of each datacenter, then clients.</summary>
    public static IEnumerable<string> Of(PlanTopology topology)
    {
        for (var i = 0; i < topology.Gates; i++) yield return Gate(i);
        foreach (var datacenter in topology.Datacenters)
        {
            for (var i = 0; i < datacenter.Managers; i++) yield return Manager(datacenter.Name, i);
            for (var i = 0; i < datacenter.WorkerCores.Count; i++) yield return Worker(datacenter.Name, i);
        }

        for (var i = 0; i < topology.Clients; i++) yield return Client(i);
    }

    /// <summary>The topology that every node is configured with.</summary>
    public static Topology Configured(PlanTopology topology) => new(
        "simulated",
        [.. Enumerable.Range(0, topology.Gates).Select(i => NodeId.Of(Gate(i)))],
        [
            .. topology.Datacenters.Select(dc => new DatacenterTopology(
                dc.Name,
                [.. Enumerable.Range(0, dc.Managers).Select(i => NodeId.Of(Manager(dc.Name, i)))])),
        ],
        topology.LedgerGroups);
}
