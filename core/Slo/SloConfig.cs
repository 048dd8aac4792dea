using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>Settings of latency targets and what follows from missing them (AD-42), each with its environment
/// variable.</summary>
/// <param name="TDigestDelta">Compression of the digests that managers keep of recent latencies.</param>
/// <param name="TDigestMaxUnmerged">Samples that those merge at once.</param>
/// <param name="WindowDuration">Of one bucket of recent latencies.</param>
/// <param name="MaxWindows">Buckets that are kept.</param>
/// <param name="EvaluationWindow">How far back latencies are judged.</param>
/// <param name="Target">Of jobs that set none.</param>
/// <param name="P50Weight">Of the ratio to the target in the score; the three add up to 1.</param>
/// <param name="MinSampleCount">From so many latencies on, a score is trusted fully and a health
/// judged.</param>
/// <param name="FactorMin">Least factor of a datacenter's routing score.</param>
/// <param name="ScoreWeight">How much of the score, less 1, the factor takes over.</param>
/// <param name="Busy">When a datacenter counts as busy, by p50.</param>
/// <param name="DegradedByP95">When it counts as degraded.</param>
/// <param name="DegradedByP99">Likewise.</param>
/// <param name="Unhealthy">When it counts as unhealthy, by p99.</param>
/// <param name="IsResourcePredictionEnabled">Whether pressure on cores and memory counts.</param>
/// <param name="PredictionBlendWeight">Share of the predicted risk in the predicted score.</param>
/// <param name="SummaryTtl">How long a gate takes a summary for true, by its own clock.</param>
/// <param name="MaxJobsPerHeartbeat">Jobs that a heartbeat tells of, the worst.</param>
public sealed record SloConfig(
    int TDigestDelta,
    int TDigestMaxUnmerged,
    Duration WindowDuration,
    int MaxWindows,
    Duration EvaluationWindow,
    LatencySlo Target,
    double P50Weight,
    double P95Weight,
    double P99Weight,
    int MinSampleCount,
    double FactorMin,
    double FactorMax,
    double ScoreWeight,
    SloRule Busy,
    SloRule DegradedByP95,
    SloRule DegradedByP99,
    SloRule Unhealthy,
    bool IsResourcePredictionEnabled,
    double CpuLatencyCorrelation,
    double MemoryLatencyCorrelation,
    double PredictionBlendWeight,
    Duration SummaryTtl,
    int MaxJobsPerHeartbeat)
{
    /// <summary>What the names of all settings begin with.</summary>
    public const string Prefix = "SLO_";

    public static readonly SloConfig Default = new(
        TDigest.DeltaStandard,
        TDigest.MaxUnmergedStandard,
        WindowDuration: Duration.FromSeconds(60),
        MaxWindows: 5,
        EvaluationWindow: Duration.FromSeconds(300),
        Target: new LatencySlo(50, 200, 500),
        P50Weight: 0.2,
        P95Weight: 0.5,
        P99Weight: 0.3,
        MinSampleCount: 100,
        FactorMin: 0.5,
        FactorMax: 3,
        ScoreWeight: 0.4,
        Busy: new SloRule(1.5, Duration.FromSeconds(60)),
        DegradedByP95: new SloRule(2, Duration.FromSeconds(180)),
        DegradedByP99: new SloRule(3, Duration.FromSeconds(180)),
        Unhealthy: new SloRule(5, Duration.FromSeconds(300)),
        IsResourcePredictionEnabled: true,
        CpuLatencyCorrelation: 0.7,
        MemoryLatencyCorrelation: 0.4,
        PredictionBlendWeight: 0.4,
        SummaryTtl: Duration.FromSeconds(30),
        MaxJobsPerHeartbeat: SloLimits.JobsMax);

    private static readonly Duration Second = Duration.FromSeconds(1);
    private static readonly Duration Hour = Duration.FromMinutes(60);

    /// <summary>Scores below which a level ends: exceeding, meeting, warning and violating.</summary>
    public SloLevelBounds Levels { get; init; } = SloLevelBounds.Default;

    /// <summary>Windows that the evaluation window reaches back to, the present one included.</summary>
    public int WindowsJudged =>
        (int)((EvaluationWindow.Nanoseconds - 1) / WindowDuration.Nanoseconds) + 1;

    /// <summary>The largest ratio that a rule asks for.</summary>
    public double RuleRatioMax => Math.Max(
        Math.Max(Busy.Ratio, DegradedByP95.Ratio), Math.Max(DegradedByP99.Ratio, Unhealthy.Ratio));

    /// <summary>How long a ratio has to last to break a rule; no time where there is no rule.</summary>
    public Duration SustainedOf(SloRuleKind rule) => rule switch
    {
        SloRuleKind.None => Duration.Zero,
        SloRuleKind.P50Busy => Busy.Sustained,
        SloRuleKind.P95Degraded => DegradedByP95.Sustained,
        SloRuleKind.P99Degraded => DegradedByP99.Sustained,
        SloRuleKind.P99Unhealthy => Unhealthy.Sustained,
        _ => throw new UnreachableException($"unhandled {rule}"),
    };

    /// <summary>Whether what was true so long ago still counts.</summary>
    public bool IsFresh(Duration age) => age <= SummaryTtl;

    /// <inheritdoc cref="Read(IEnumerable{GivenSetting}, ICollection{string}, Duration)"/>
    public static SloConfig Read(IEnumerable<GivenSetting> given, ICollection<string> faults) =>
        Read(given, faults, Capacity.CapacityConfig.Default.HeartbeatInterval);

    /// <summary>Reads the settings whose names begin with <see cref="Prefix"/>; what is not given keeps its
    /// default, and each fault is added to <paramref name="faults"/>.</summary>
    /// <param name="heartbeatInterval">Between two summaries of a datacenter: they have to count for two of
    /// it, so that one that is lost is not all that is known.</param>
    public static SloConfig Read(
        IEnumerable<GivenSetting> given, ICollection<string> faults, Duration heartbeatInterval)
    {
        var reader = new SettingsReader(Prefix, given, faults);
        var config = ReadWindows(reader, Default);
        config = ReadScore(reader, config);
        config = ReadRules(reader, config);
        config = ReadPrediction(reader, config, heartbeatInterval * 2);
        reader.Done();
        if (Math.Abs(config.P50Weight + config.P95Weight + config.P99Weight - 1) > 1e-9)
            faults.Add("SLO_P50_WEIGHT: with SLO_P95_WEIGHT and SLO_P99_WEIGHT must add up to 1");
        return config;
    }

    private static SloConfig ReadWindows(SettingsReader reader, SloConfig absent)
    {
        var width = reader.Time("SLO_WINDOW_DURATION_SECONDS", absent.WindowDuration, Second, Hour);
        var windows = reader.Whole("SLO_MAX_WINDOWS", absent.MaxWindows, 1, SloLimits.WindowsMax);
        // What is forgotten cannot be judged.
        var most = width * windows;
        var window = absent.EvaluationWindow < most ? absent.EvaluationWindow : most;
        return absent with
        {
            TDigestDelta = reader.Whole(
                "SLO_TDIGEST_DELTA", absent.TDigestDelta, ScaleK1.DeltaMin, ScaleK1.DeltaMax),
            TDigestMaxUnmerged = reader.Whole(
                "SLO_TDIGEST_MAX_UNMERGED", absent.TDigestMaxUnmerged, TDigest.MaxUnmergedMin,
                TDigest.MaxUnmergedMax),
            WindowDuration = width,
            MaxWindows = windows,
            EvaluationWindow = reader.Time("SLO_EVALUATION_WINDOW_SECONDS", window, Second, most),
        };
    }

    private static SloConfig ReadScore(SettingsReader reader, SloConfig absent)
    {
        var max = LatencySlo.TargetMsMax;
        var p50 = reader.Whole("SLO_P50_TARGET_MS", absent.Target.P50Ms, 1, max);
        var p95 = reader.Whole("SLO_P95_TARGET_MS", Math.Max(absent.Target.P95Ms, p50), p50, max);
        var p99 = reader.Whole("SLO_P99_TARGET_MS", Math.Max(absent.Target.P99Ms, p95), p95, max);
        return absent with
        {
            Target = new LatencySlo(p50, p95, p99),
            P50Weight = reader.Real("SLO_P50_WEIGHT", absent.P50Weight, 0, 1),
            P95Weight = reader.Real("SLO_P95_WEIGHT", absent.P95Weight, 0, 1),
            P99Weight = reader.Real("SLO_P99_WEIGHT", absent.P99Weight, 0, 1),
            MinSampleCount = reader.Whole("SLO_MIN_SAMPLE_COUNT", absent.MinSampleCount, 1, 1_000_000),
            FactorMin = reader.Real("SLO_FACTOR_MIN", absent.FactorMin, SloLimits.FactorMin, 1),
            FactorMax = reader.Real("SLO_FACTOR_MAX", absent.FactorMax, 1, SloLimits.FactorMax),
            ScoreWeight = reader.Real("SLO_SCORE_WEIGHT", absent.ScoreWeight, 0, 1),
            Levels = ReadLevels(reader, absent.Levels),
        };
    }

    /// <summary>None below the one before: where others would contradict what is given they follow.</summary>
    private static SloLevelBounds ReadLevels(SettingsReader reader, SloLevelBounds absent)
    {
        var exceeding = Above("SLO_EXCEEDING_BELOW", absent.Exceeding, 0);
        var meeting = Above("SLO_MEETING_BELOW", absent.Meeting, exceeding);
        var warning = Above("SLO_WARNING_BELOW", absent.Warning, meeting);
        return new(exceeding, meeting, warning, Above("SLO_VIOLATING_BELOW", absent.Violating, warning));

        double Above(string name, double bound, double min) =>
            reader.Real(name, Math.Max(bound, min), min, SloLimits.RatioMax);
    }

    private static SloConfig ReadRules(SettingsReader reader, SloConfig absent)
    {
        var degraded = reader.Time(
            "SLO_DEGRADED_WINDOW_SECONDS", absent.DegradedByP95.Sustained, Second, Hour);
        var byP99 = Ratio(reader, "SLO_DEGRADED_P99_RATIO", absent.DegradedByP99);
        return absent with
        {
            Busy = new SloRule(
                Ratio(reader, "SLO_BUSY_P50_RATIO", absent.Busy),
                reader.Time("SLO_BUSY_WINDOW_SECONDS", absent.Busy.Sustained, Second, Hour)),
            DegradedByP95 = new SloRule(
                Ratio(reader, "SLO_DEGRADED_P95_RATIO", absent.DegradedByP95), degraded),
            DegradedByP99 = new SloRule(byP99, degraded),
            // What makes a datacenter worse asks for no less; not given it follows.
            Unhealthy = new SloRule(
                Ratio(reader, "SLO_UNHEALTHY_P99_RATIO", absent.Unhealthy, byP99),
                reader.Time("SLO_UNHEALTHY_WINDOW_SECONDS", absent.Unhealthy.Sustained, Second, Hour)),
        };
    }

    private static SloConfig ReadPrediction(SettingsReader reader, SloConfig absent, Duration ttlMin)
    {
        return absent with
        {
            IsResourcePredictionEnabled = reader.Flag(
                "SLO_ENABLE_RESOURCE_PREDICTION", absent.IsResourcePredictionEnabled),
            CpuLatencyCorrelation = reader.Real(
                "SLO_CPU_LATENCY_CORRELATION", absent.CpuLatencyCorrelation, 0, 10),
            MemoryLatencyCorrelation = reader.Real(
                "SLO_MEMORY_LATENCY_CORRELATION", absent.MemoryLatencyCorrelation, 0, 10),
            PredictionBlendWeight = reader.Real(
                "SLO_PREDICTION_BLEND_WEIGHT", absent.PredictionBlendWeight, 0, 1),
            SummaryTtl = reader.Time(
                "SLO_GOSSIP_SUMMARY_TTL_SECONDS", Duration.Longer(absent.SummaryTtl, ttlMin),
                Duration.Longer(Second, ttlMin), Hour),
            MaxJobsPerHeartbeat = reader.Whole(
                "SLO_GOSSIP_MAX_JOBS_PER_HEARTBEAT", absent.MaxJobsPerHeartbeat, 0, SloLimits.JobsMax),
        };
    }

    private static double Ratio(SettingsReader reader, string name, SloRule absent, double min = 1) =>
        reader.Real(name, Math.Max(absent.Ratio, min), min, SloLimits.RatioMax);
}

/// <summary>A ratio of an observed quantile to its target that makes a datacenter worse once it has lasted,
/// and better again once it has been below for as long.</summary>
public readonly record struct SloRule(double Ratio, Duration Sustained);

/// <summary>Scores below which a level ends.</summary>
public readonly record struct SloLevelBounds(
    double Exceeding, double Meeting, double Warning, double Violating)
{
    public static readonly SloLevelBounds Default = new(0.8, 1.0, 1.2, 1.5);
}

/// <summary>Bounds of what is told of latencies.</summary>
public static class SloLimits
{
    public const int WindowsMax = 60;

    /// <summary>Jobs that a heartbeat tells of.</summary>
    public const int JobsMax = 100;

    /// <summary>How long gates remember what an earlier primary found.</summary>
    public static readonly Duration StandingAgeMax = Duration.FromMinutes(24 * 60);

    /// <summary>No ratio of an observed latency to its target, and no score, counts as larger.</summary>
    public const double RatioMax = 1_000_000;

    public const double FactorMin = 0.01;
    public const double FactorMax = 100;

    /// <summary>Who has told latencies of a datacenter's jobs lately.</summary>
    public const int OwnersMax = 16_384;
}
