using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

/// <summary>Settings of spillover and of what gates hear of capacity (AD-43), each with its environment
/// variable.</summary>
/// <param name="MaxWait">A wait up to this is no reason to leave the primary.</param>
/// <param name="MaxLatencyPenaltyMs">How much farther away, in milliseconds of round trip, a job may
/// go.</param>
/// <param name="MinImprovementRatio">Least part of the primary's wait that spilling over saves.</param>
/// <param name="StalenessThreshold">Age after which a manager's cores count as unavailable.</param>
/// <param name="HeartbeatInterval">Between two reports of a manager.</param>
public sealed record CapacityConfig(
    bool IsSpilloverEnabled,
    Duration MaxWait,
    int MaxLatencyPenaltyMs,
    double MinImprovementRatio,
    Duration StalenessThreshold,
    Duration HeartbeatInterval)
{
    /// <summary>What the names of the settings of spillover begin with.</summary>
    public const string SpilloverPrefix = "SPILLOVER_";

    /// <summary>What the names of the settings of reports begin with.</summary>
    public const string CapacityPrefix = "CAPACITY_";

    public static readonly CapacityConfig Default = new(
        IsSpilloverEnabled: true,
        MaxWait: Duration.FromSeconds(60),
        MaxLatencyPenaltyMs: 100,
        MinImprovementRatio: 0.5,
        StalenessThreshold: Duration.FromSeconds(30),
        HeartbeatInterval: Duration.FromSeconds(5));

    private static readonly Duration Second = Duration.FromSeconds(1);
    private static readonly Duration Hour = Duration.FromMinutes(60);

    /// <summary>Reads the settings whose names begin with one of the two prefixes; what is not given keeps
    /// its default, and each fault is added to <paramref name="faults"/>.</summary>
    public static CapacityConfig Read(IEnumerable<GivenSetting> given, ICollection<string> faults)
    {
        List<GivenSetting> all = [.. given];
        var spillover = new SettingsReader(SpilloverPrefix, all, faults);
        var capacity = new SettingsReader(CapacityPrefix, all, faults);
        var staleness = capacity.Time(
            "CAPACITY_STALENESS_THRESHOLD_SECONDS", Default.StalenessThreshold, Second, Hour);
        // What comes seldomer than it ages is always stale.
        var most = staleness / 2;
        var absent = Default.HeartbeatInterval < most ? Default.HeartbeatInterval : most;
        var config = new CapacityConfig(
            spillover.Flag("SPILLOVER_ENABLED", Default.IsSpilloverEnabled),
            spillover.Time("SPILLOVER_MAX_WAIT_SECONDS", Default.MaxWait, Duration.Zero, Hour * 24),
            spillover.Whole("SPILLOVER_MAX_LATENCY_PENALTY_MS", Default.MaxLatencyPenaltyMs, 0, 10_000),
            spillover.Real("SPILLOVER_MIN_IMPROVEMENT_RATIO", Default.MinImprovementRatio, 0, 1),
            staleness,
            capacity.Time(
                "CAPACITY_HEARTBEAT_INTERVAL_SECONDS", absent, Duration.FromMilliseconds(100), most));
        spillover.Done();
        capacity.Done();
        return config;
    }
}
