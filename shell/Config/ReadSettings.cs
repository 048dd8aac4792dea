using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Shell.Config;

/// <summary>The settings that environment and configuration file give by name.</summary>
public sealed record ReadSettings(
    IdempotencyConfig Idempotency, RetryBudgetConfig RetryBudget, BestEffortConfig BestEffort)
{
    /// <summary>Where nothing is given.</summary>
    public static readonly ReadSettings Default = new(
        IdempotencyConfig.Default, RetryBudgetConfig.Standard, BestEffortConfig.Standard);
}
