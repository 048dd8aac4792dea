namespace Hyperscale.Det.Sim.Studies;

/// <summary>What happens to a datacenter, or to the arrivals, during a run of the routing study.</summary>
public enum RoutingScenario : byte
{
    /// <summary>Nothing.</summary>
    Steady,

    /// <summary>After a third of the arrivals one datacenter's own overhead triples.</summary>
    Slow,

    /// <summary>After a third one datacenter dies with all that runs there.</summary>
    Failing,

    /// <summary>In the second third half as many jobs more come.</summary>
    Surge,

    /// <summary>One datacenter is slow in the second third, and well again.</summary>
    Heal,
}

/// <summary>How a gate chooses among the datacenters that a job can go to. All policies are given the same
/// view: the ones that the router excludes are excluded for all, and what gates debit is debited for
/// all.</summary>
public enum RoutingPolicy : byte
{
    Random,

    /// <summary>The shortest predicted round trip.</summary>
    NearestRtt,

    /// <summary>The lowest utilization.</summary>
    LeastLoaded,

    /// <summary>The router of the gates.</summary>
    Ours,
}

public static class RoutingPolicies
{
    public static IReadOnlyList<RoutingPolicy> All { get; } = Enum.GetValues<RoutingPolicy>();

    public static string NameOf(RoutingPolicy policy) => policy switch
    {
        RoutingPolicy.Random => "random",
        RoutingPolicy.NearestRtt => "nearest RTT",
        RoutingPolicy.LeastLoaded => "least loaded",
        RoutingPolicy.Ours => "ours",
    };
}
