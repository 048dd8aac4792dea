using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Shell.Json;

/// <summary>The ledger groups that one gate keeps, as it sees them.</summary>
public sealed record GateJson(string Gate, IReadOnlyList<GroupJson> Groups);

/// <summary>One replica of a ledger group.</summary>
/// <param name="Role">primary, takingOver (its own view has begun and leads nothing yet), backup, viewChange,
/// catchingUp (learns the log of its view) or lostDisk (learns what its lost disk held).</param>
/// <param name="Primary">Who leads in <paramref name="View"/>, as this gate knows.</param>
/// <param name="Fence">What the gate's commands carry; null where it does not lead.</param>
/// <param name="Op">End of the log; what is above <paramref name="Commit"/> is not committed as far as this
/// gate knows.</param>
/// <param name="Lag">Entries behind the furthest gate that answered.</param>
/// <param name="Life">Of the disk, from 1; rises when a lost one is begun anew.</param>
public sealed record GroupJson(
    int Group,
    string Role,
    long View,
    string Primary,
    long? Fence,
    bool HasLease,
    long Commit,
    long Op,
    long Lag,
    long Life);

/// <summary>Makes the API's picture of the replicas.</summary>
public static class ClusterReplicas
{
    public static IReadOnlyList<GateJson> Of(IReadOnlyList<GateReplicas> gates)
    {
        var furthest = gates.SelectMany(gate => gate.Groups).GroupBy(replica => replica.Group)
            .ToDictionary(group => group.Key, group => group.Max(replica => replica.Commit));
        return
        [
            .. gates.Select(gate => new GateJson(
                gate.Gate.Name,
                [.. gate.Groups.Select(replica => Of(gate, replica, furthest[replica.Group]))])),
        ];
    }

    private static GroupJson Of(GateReplicas gate, ReplicaState replica, long furthest) => new(
        replica.Group, RoleOf(gate, replica), replica.View, replica.Primary.Name,
        replica.IsPrimary ? replica.View : null, replica.HasLease, replica.Commit, replica.Op,
        furthest - replica.Commit, replica.Life);

    private static string RoleOf(GateReplicas gate, ReplicaState replica) => replica.Status switch
    {
        VsrStatus.Normal when replica.IsPrimary => "primary",
        VsrStatus.Normal when replica.Primary == gate.Gate => "takingOver",
        VsrStatus.Normal => "backup",
        VsrStatus.ViewChange => "viewChange",
        VsrStatus.CatchingUp => "catchingUp",
        VsrStatus.LostDisk => "lostDisk",
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {replica.Status}"),
    };
}
