using System.Globalization;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Studies;

/// <summary>A goal of routing in one scenario.</summary>
/// <param name="Measured">In words.</param>
public sealed record RoutingGoal(string Name, bool IsMet, string Measured);

/// <summary>What routing is to come to.</summary>
public static class RoutingGoals
{
    private const double RttBelowRandomMin = 0.5;
    private const double LoadVariationMax = 0.3;
    private const double SwitchRateMax = 0.01;

    private static readonly Duration FailoverMax = Duration.FromSeconds(10);

    /// <param name="ours">What the gates' router came to.</param>
    /// <param name="random">What random routing came to.</param>
    public static IReadOnlyList<RoutingGoal> Of(StudyMeasures ours, StudyMeasures random)
    {
        var below = 1 - (ours.RttP50Ms / random.RttP50Ms);
        var goals = new List<RoutingGoal>
        {
            new(
                "median RTT at least 50% below random",
                below >= RttBelowRandomMin,
                Text($"{below * 100:F1}% below")),
            new(
                "load variation below 0.3",
                ours.LoadVariation < LoadVariationMax,
                Text($"{ours.LoadVariation:F3}")),
            new(
                "switches below 1% of decisions",
                ours.SwitchRate < SwitchRateMax,
                Text($"{ours.SwitchRate * 100:F2}%")),
        };
        if (ours.Failover is { } failover)
        {
            goals.Add(new(
                "dead datacenter avoided in less than 10 s",
                failover < FailoverMax,
                Text($"{failover.Nanoseconds / 1e9:F1} s")));
        }

        return goals;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
