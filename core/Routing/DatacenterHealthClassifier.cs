using System.Diagnostics;
using Hyperscale.Det.Capacity;

namespace Hyperscale.Det.Routing;

public enum HealthReason : byte
{
    None,
    NoAliveManager,

    /// <summary>Nothing was heard from who leads it.</summary>
    NotHeard,

    /// <summary>Who leads it does so too newly to know all its workers.</summary>
    Gathering,
    NoWorker,
    FewManagers,
    FewWorkers,
    NoFreeCore,
    Resources,
    Slo,
}

/// <summary>How well a datacenter is, and why not better.</summary>
public readonly record struct HealthVerdict(DatacenterHealth Health, HealthReason Reason)
{
    /// <summary>The worse of two; of two alike the first, but that it is full is no reason beside
    /// another.</summary>
    public static HealthVerdict Worse(HealthVerdict a, HealthVerdict b) =>
        b.Health > a.Health || (b.Health == a.Health && a.Reason == HealthReason.NoFreeCore) ? b : a;

    /// <summary>The reason's name in reports.</summary>
    public static string NameOf(HealthReason reason) => reason switch
    {
        HealthReason.None => "none",
        HealthReason.NoAliveManager => "no_alive_manager",
        HealthReason.NotHeard => "not_heard",
        HealthReason.Gathering => "gathering_workers",
        HealthReason.NoWorker => "no_worker",
        HealthReason.FewManagers => "few_managers",
        HealthReason.FewWorkers => "few_workers",
        HealthReason.NoFreeCore => "no_free_core",
        HealthReason.Resources => "resources",
        HealthReason.Slo => "slo",
        _ => throw new UnreachableException($"unhandled {reason}"),
    };
}

/// <summary>Classifies a datacenter (AD-16). One that is full is busy, never unhealthy.</summary>
public static class DatacenterHealthClassifier
{
    /// <param name="managers">Configured.</param>
    /// <param name="workers">Registered.</param>
    /// <param name="healthyWorkers">Of those, the ones that take work.</param>
    public static HealthVerdict Classify(
        int managers, int aliveManagers, int workers, int healthyWorkers, int availableCores)
    {
        if (aliveManagers == 0) return new(DatacenterHealth.Unhealthy, HealthReason.NoAliveManager);
        if (workers == 0) return new(DatacenterHealth.Unhealthy, HealthReason.NoWorker);
        if (healthyWorkers < MajorityOf(workers))
            return new(DatacenterHealth.Degraded, HealthReason.FewWorkers);
        if (aliveManagers < MajorityOf(managers))
            return new(DatacenterHealth.Degraded, HealthReason.FewManagers);
        return availableCores <= 0
            ? new(DatacenterHealth.Busy, HealthReason.NoFreeCore)
            : new(DatacenterHealth.Healthy, HealthReason.None);
    }

    private static int MajorityOf(int count) => (count / 2) + 1;
}
