using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

/// <summary>Bounds of what is told of a datacenter's cores.</summary>
public static class CapacityLimits
{
    /// <summary>Cores, or workflows waiting for some, of one datacenter.</summary>
    public const int CoresMax = 1 << 26;

    /// <summary>Steps of a freeing schedule.</summary>
    public const int StepsMax = 32;

    /// <summary>Managers that a gate keeps reports of.</summary>
    public const int ManagersMax = 10_000;

    /// <summary>Debits that one gate tells the others of, each of one manager and heartbeat.</summary>
    public const int SharesMax = 4096;

    public const int NameLengthMax = 128;

    /// <summary>No wait is said to be longer: ten years.</summary>
    public static readonly Duration WaitMax = Duration.FromSeconds(10L * 366 * 24 * 3600);

    /// <summary>Largest sum of durations or core-seconds that a report can tell.</summary>
    public const long SecondsMax = 1L << 56;
}
