using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

/// <summary>One report of a manager, of the workers that it owns and no others.</summary>
/// <param name="View">Of the datacenter's ledger: workers belong to whoever leads it in the highest view, so
/// what is reported under a lower one is not counted beside it. The same for managers that share the
/// workers among them.</param>
/// <param name="Incarnation">Rises with every start of the manager.</param>
/// <param name="Version">Rises with every report of one start.</param>
/// <param name="Details">Null from a manager that does not tell.</param>
public sealed record ManagerCapacity(
    NodeId Manager,
    DatacenterName Datacenter,
    long View,
    long Incarnation,
    long Version,
    int TotalCores,
    int FreeCores,
    HeartbeatCapacity? Details)
{
    /// <summary>Cores that new work could use at once.</summary>
    public int AvailableCores =>
        Details is null ? FreeCores : Math.Min(FreeCores, Details.Freeing.FreeNow);

    /// <summary>Whether this is newer than another report of the manager.</summary>
    public bool IsNewerThan(ManagerCapacity other) => Incarnation != other.Incarnation
        ? Incarnation > other.Incarnation
        : Version > other.Version;
}

public enum CapacityVerdict : byte
{
    Accepted,

    /// <summary>Not newer than what is known of the manager.</summary>
    Stale,

    /// <summary>Another manager leads the datacenter in a higher view.</summary>
    Superseded,
}
