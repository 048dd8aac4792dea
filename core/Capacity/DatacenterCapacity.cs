using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

/// <summary>How well a datacenter is, the best first; a job goes to the best that there is (AD-16).</summary>
public enum DatacenterHealth : byte
{
    Healthy,

    /// <summary>No core is free: for a load generator that is normal.</summary>
    Busy,
    Degraded,
    Unhealthy,
}

/// <summary>The cores of a datacenter as a gate sees them (AD-43).</summary>
/// <param name="TotalCores">Those of managers that have fallen silent included.</param>
/// <param name="AvailableCores">Free at managers that were heard of lately, less what gates have
/// dispatched since and no heartbeat shows.</param>
/// <param name="EstimatedWait">Until as many cores are free as were asked for; null when that is never or
/// not known.</param>
/// <param name="Utilization">1 - available / total; 1 without cores.</param>
/// <param name="Age">Since the newest heartbeat; null when there was none.</param>
/// <param name="IsFresh">Whether the numbers mean anything.</param>
public sealed record DatacenterCapacity(
    string Datacenter,
    int TotalCores,
    int AvailableCores,
    long PendingWorkflowCount,
    Duration PendingDuration,
    Duration ActiveDuration,
    Duration? EstimatedWait,
    double Utilization,
    DatacenterHealth Health,
    Duration? Age,
    bool IsFresh);
