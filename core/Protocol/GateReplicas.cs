using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Protocol;

/// <summary>The ledger groups that one gate keeps, as it sees them.</summary>
public sealed record GateReplicas(NodeId Gate, IReadOnlyList<ReplicaState> Groups);

/// <summary>One replica of a ledger group.</summary>
/// <param name="Primary">Who leads the group in <paramref name="View"/>, the newest that the gate
/// knows.</param>
/// <param name="IsPrimary">Whether the gate leads the group, and so commands with the view as its
/// fence.</param>
/// <param name="HasLease">Whether it may answer for the group without asking the others.</param>
/// <param name="Op">End of the log.</param>
/// <param name="Life">Of the replica's disk, from 1; rises when a lost one is begun anew.</param>
public sealed record ReplicaState(
    int Group,
    VsrStatus Status,
    long View,
    NodeId Primary,
    bool IsPrimary,
    bool HasLease,
    long Commit,
    long Op,
    long Life);
