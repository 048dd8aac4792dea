using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>Settings of resource guards (AD-41), each with its environment variable.</summary>
/// <param name="SampleInterval">Between two looks at a worker's process trees.</param>
/// <param name="WarnThreshold">Of a budget, from 0; at most <paramref name="ThrottleThreshold"/>.</param>
/// <param name="ThrottleThreshold">At most <paramref name="KillThreshold"/>.</param>
/// <param name="GracePeriod">How long a level must be exceeded, in samples that arrived.</param>
/// <param name="ProcessNoise">Q of the filters, in percent squared.</param>
/// <param name="MeasurementNoise">R of the filters, in percent squared.</param>
public sealed record ResourceConfig(
    bool IsEnabled,
    Duration SampleInterval,
    double WarnThreshold,
    double ThrottleThreshold,
    double KillThreshold,
    Duration GracePeriod,
    double ProcessNoise,
    double MeasurementNoise)
{
    /// <summary>What the names of all settings begin with.</summary>
    public const string Prefix = "RESOURCE_GUARD_";

    /// <summary>Between SIGTERM and SIGKILL.</summary>
    public static readonly Duration TerminateGrace = Duration.FromSeconds(5);

    /// <summary>Between two looks whether SIGKILL left anything, each followed by another one.</summary>
    public static readonly Duration VerifyInterval = Duration.FromMilliseconds(500);

    private const double ThresholdMax = 10;
    private const double NoiseMin = 0.001;
    private const double NoiseMax = 1_000_000;

    public static readonly ResourceConfig Default = new(
        IsEnabled: true,
        SampleInterval: Duration.FromSeconds(1),
        WarnThreshold: 0.7,
        ThrottleThreshold: 0.85,
        KillThreshold: 1.0,
        GracePeriod: Duration.FromSeconds(5),
        ProcessNoise: 10,
        MeasurementNoise: 25);

    /// <summary>Reads the settings whose names begin with <see cref="Prefix"/>; what is not given keeps its
    /// default, and each fault is added to <paramref name="faults"/>.</summary>
    public static ResourceConfig Read(IEnumerable<GivenSetting> given, ICollection<string> faults)
    {
        var reader = new SettingsReader(Prefix, given, faults);
        var kill = reader.Real("RESOURCE_GUARD_KILL_THRESHOLD", Default.KillThreshold, 0.01, ThresholdMax);
        var throttle = reader.Real(
            "RESOURCE_GUARD_THROTTLE_THRESHOLD", Math.Min(Default.ThrottleThreshold, kill), 0.01, kill);
        var config = new ResourceConfig(
            reader.Flag("RESOURCE_GUARD_ENABLED", Default.IsEnabled),
            reader.Time(
                "RESOURCE_GUARD_SAMPLE_INTERVAL_SECONDS", Default.SampleInterval,
                Duration.FromMilliseconds(100), Duration.FromSeconds(60)),
            reader.Real(
                "RESOURCE_GUARD_WARN_THRESHOLD", Math.Min(Default.WarnThreshold, throttle), 0.01, throttle),
            throttle,
            kill,
            reader.Time(
                "RESOURCE_GUARD_GRACE_PERIOD_SECONDS", Default.GracePeriod, Duration.Zero,
                Duration.FromSeconds(3600)),
            reader.Real("RESOURCE_GUARD_KALMAN_PROCESS_NOISE", Default.ProcessNoise, NoiseMin, NoiseMax),
            reader.Real(
                "RESOURCE_GUARD_KALMAN_MEASUREMENT_NOISE", Default.MeasurementNoise, NoiseMin, NoiseMax));
        reader.Done();
        return config;
    }

    /// <summary>Of a budget, from which on the level applies.</summary>
    public double ThresholdOf(GuardLevel level) => level switch
    {
        GuardLevel.None => 0,
        GuardLevel.Warn => WarnThreshold,
        GuardLevel.Throttle => ThrottleThreshold,
        GuardLevel.Kill => KillThreshold,
    };
}
