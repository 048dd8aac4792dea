using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>Settings of what gates learn of datacenters (AD-45), each with its environment
/// variable.</summary>
/// <param name="EwmaAlpha">Weight of a new sample.</param>
/// <param name="MinSamples">From so many on, what was observed is trusted fully.</param>
/// <param name="MaxStaleness">After so long without a sample, it is not trusted at all.</param>
/// <param name="LatencyCapMs">Longest overhead that counts; failures count as so much.</param>
public sealed record AdaptiveRoutingConfig(
    bool IsEnabled, double EwmaAlpha, int MinSamples, Duration MaxStaleness, int LatencyCapMs)
{
    /// <summary>What the names of all settings begin with.</summary>
    public const string Prefix = "ADAPTIVE_ROUTING_";

    /// <summary>What their older names begin with.</summary>
    public const string OlderPrefix = "ROUTE_LEARNING_";

    public static readonly AdaptiveRoutingConfig Default = new(
        IsEnabled: true,
        EwmaAlpha: 0.2,
        MinSamples: 10,
        MaxStaleness: Duration.FromSeconds(300),
        LatencyCapMs: 60_000);

    /// <summary>Reads the settings whose names begin with <see cref="Prefix"/>, or with
    /// <see cref="OlderPrefix"/> where they are not given under the newer one; what is not given keeps its
    /// default. Each fault is added to <paramref name="faults"/>, each older name to
    /// <paramref name="warnings"/>.</summary>
    public static AdaptiveRoutingConfig Read(
        IEnumerable<GivenSetting> given, ICollection<string> faults, ICollection<string> warnings)
    {
        var reader = new SettingsReader(Prefix, given, faults, OlderPrefix);
        foreach (var name in (string[])["ENABLED", "EWMA_ALPHA", "MIN_SAMPLES", "MAX_STALENESS_SECONDS"])
            reader.Formerly(OlderPrefix + name, Prefix + name);
        var isBlended = reader.OlderFlag("ROUTE_LEARNING_USE_BLENDED_LATENCY", "ADAPTIVE_ROUTING_ENABLED");
        var config = new AdaptiveRoutingConfig(
            reader.Flag("ADAPTIVE_ROUTING_ENABLED", Default.IsEnabled) && isBlended,
            reader.Real("ADAPTIVE_ROUTING_EWMA_ALPHA", Default.EwmaAlpha, 0.001, 1),
            reader.Whole("ADAPTIVE_ROUTING_MIN_SAMPLES", Default.MinSamples, 1, 1_000_000),
            reader.Time(
                "ADAPTIVE_ROUTING_MAX_STALENESS_SECONDS", Default.MaxStaleness, Duration.FromSeconds(1),
                Duration.FromMinutes(24 * 60)),
            reader.Whole("ADAPTIVE_ROUTING_LATENCY_CAP_MS", Default.LatencyCapMs, 1, 3_600_000));
        reader.Done();
        foreach (var warning in reader.Warnings) warnings.Add(warning);
        return config;
    }
}
