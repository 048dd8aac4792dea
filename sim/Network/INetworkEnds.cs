using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Sim.Network;

/// <summary>The processes that the network connects, by place.</summary>
public interface INetworkEnds
{
    /// <summary>Whether a process of the node takes connections and messages.</summary>
    bool IsListening(int node);

    /// <summary>Whether the node's machine runs, with or without its process: it refuses what its process
    /// does not take.</summary>
    bool IsMachineUp(int node);

    /// <summary>Counts the node's processes; a new one has nothing to do with the connections of the one
    /// before.</summary>
    int Life(int node);

    void Post(int node, NodeInput input);
}
