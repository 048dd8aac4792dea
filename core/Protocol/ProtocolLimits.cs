namespace Hyperscale.Det.Protocol;

/// <summary>Bounds of what travels between nodes, beside those of the job model.</summary>
public static class ProtocolLimits
{
    /// <summary>Gates that a request can have passed through.</summary>
    public const int HopsMax = 255;

    /// <summary>Jobs in one list.</summary>
    public const int JobsListMax = 1000;

    public const int GatesMax = 256;

    /// <summary>Datacenters that one message tells of.</summary>
    public const int DatacentersToldMax = 1024;

    /// <summary>Ledger groups of a cluster.</summary>
    public const int GroupsMax = 1024;

    /// <summary>Attempts that one worker can know of.</summary>
    public const int InventoryMax = 16_384;

    public const int WorkersMax = 1_000_000;

    /// <summary>Cores, or workflows waiting for some, of one datacenter.</summary>
    public const int DatacenterCoresMax = Capacity.CapacityLimits.CoresMax;

    /// <summary>Longest time that a message can tell: ten years.</summary>
    public const long SecondsMax = 10L * 366 * 24 * 3600;
}
