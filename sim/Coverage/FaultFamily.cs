namespace Hyperscale.Det.Sim.Coverage;

/// <summary>Kinds of trouble that a seed switches on or off as a whole.</summary>
public enum FaultFamily : byte
{
    /// <summary>Latencies with long tails instead of short steady ones.</summary>
    Latency,

    /// <summary>Datagrams vanish; a stream loses what is in flight and breaks.</summary>
    Loss,

    /// <summary>A message arrives twice.</summary>
    Duplication,

    /// <summary>Datagrams overtake each other; what a broken connection still carried arrives behind what its
    /// successor carries.</summary>
    Reordering,

    /// <summary>Some directions between nodes carry nothing for a while.</summary>
    Partition,

    /// <summary>A connection between two live nodes breaks.</summary>
    ConnectionLoss,

    /// <summary>Bytes change on the way.</summary>
    Corruption,

    /// <summary>A process or its machine dies and comes back.</summary>
    Crash,

    /// <summary>Writes and syncs take long.</summary>
    DiskStall,

    /// <summary>A sync fails.</summary>
    DiskError,

    /// <summary>A disk is found empty, or damaged where it was once durable.</summary>
    DiskLoss,

    /// <summary>A process takes long for everything.</summary>
    SlowProcess,

    /// <summary>A process stands still and goes on as if nothing had happened.</summary>
    Pause,

    /// <summary>Clocks run at different rates, wall clocks jump.</summary>
    Clock,

    /// <summary>Workloads fail, hang, do not start or do not listen.</summary>
    Workload,

    /// <summary>A client's process dies and comes back.</summary>
    ClientCrash,

    /// <summary>Workloads use more than they may; looks at them are lost.</summary>
    Runaway,

    /// <summary>A node dies right after a decision, before what follows from it is done.</summary>
    Handover,

    /// <summary>What workloads load in a datacenter answers slowly.</summary>
    SlowTarget,
}
