using Hyperscale.Det.Capacity;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Config;

/// <summary>The settings that environment and configuration file give by name.</summary>
public sealed record ReadSettings(
    IdempotencyConfig Idempotency,
    RetryBudgetConfig RetryBudget,
    BestEffortConfig BestEffort,
    CapacityConfig Capacity,
    AdaptiveRoutingConfig Routing,
    ResourceConfig Resources,
    SloConfig Slo)
{
    /// <summary>Where nothing is given.</summary>
    public static readonly ReadSettings Default = new(
        IdempotencyConfig.Default, RetryBudgetConfig.Standard, BestEffortConfig.Standard,
        CapacityConfig.Default, AdaptiveRoutingConfig.Default, ResourceConfig.Default, SloConfig.Default);

    /// <summary>Older names of settings that were given, each with the one to use.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Tells the operators what they should change.</summary>
    public void LogWarnings(ILogger logger)
    {
        foreach (var warning in Warnings) ShellLog.SettingWarned(logger, warning);
    }
}
