using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Reliability;

/// <summary>Settings of best-effort completion (AD-44), each with its environment variable.</summary>
/// <param name="DefaultMinDcs">Datacenters that a best-effort job needs which does not say.</param>
/// <param name="DefaultDeadline">How long such a job waits which does not say.</param>
/// <param name="DeadlineMax">The longest that a best-effort job waits.</param>
/// <param name="CheckInterval">How often a gate looks whether a job's deadline has passed; a safety net, as
/// it has a timer at the deadline itself.</param>
public sealed record BestEffortConfig(
    int DefaultMinDcs,
    Duration DefaultDeadline,
    Duration DeadlineMax,
    LateResultPolicy LateResults,
    Duration CheckInterval)
{
    /// <summary>What the names of all settings begin with.</summary>
    public const string Prefix = "BEST_EFFORT_";

    public const int MinDcsMax = 64;

    public static readonly BestEffortConfig Standard = new(
        DefaultMinDcs: 1,
        DefaultDeadline: Duration.FromSeconds(300),
        DeadlineMax: Duration.FromSeconds(3600),
        LateResults: LateResultPolicy.LogOnly,
        CheckInterval: Duration.FromSeconds(5));

    private static readonly Duration Second = Duration.FromSeconds(1);

    /// <summary>Reads the settings whose names begin with <see cref="Prefix"/>; what is not given keeps its
    /// default, and each fault is added to <paramref name="faults"/>.</summary>
    public static BestEffortConfig Read(IEnumerable<GivenSetting> given, ICollection<string> faults)
    {
        var reader = new SettingsReader(Prefix, given, faults);
        var max = reader.Time(
            "BEST_EFFORT_DEADLINE_MAX_SECONDS", Standard.DeadlineMax, Second, Standard.DeadlineMax);
        var absent = Standard.DefaultDeadline < max ? Standard.DefaultDeadline : max;
        var config = new BestEffortConfig(
            reader.Whole("BEST_EFFORT_DEFAULT_MIN_DCS", Standard.DefaultMinDcs, 1, MinDcsMax),
            reader.Time("BEST_EFFORT_DEFAULT_DEADLINE_SECONDS", absent, Second, max),
            max,
            reader.OneOf("BEST_EFFORT_LATE_RESULT_POLICY", "log_only", ["log_only", "update_result"]) switch
            {
                "update_result" => LateResultPolicy.UpdateResult,
                _ => LateResultPolicy.LogOnly,
            },
            reader.Time(
                "BEST_EFFORT_CHECK_INTERVAL_SECONDS", Standard.CheckInterval, Second,
                Duration.FromMinutes(1)));
        reader.Done();
        return config;
    }
}
