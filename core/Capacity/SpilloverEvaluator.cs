using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

/// <summary>A datacenter that spillover is judged on.</summary>
/// <param name="Capacity">Whose estimated wait is for the cores that the job needs.</param>
/// <param name="RttMs">Predicted round trip from the gate.</param>
public readonly record struct SpilloverCandidate(DatacenterCapacity Capacity, double RttMs);

/// <summary>Decides about spillover (AD-43): a pure function, so that gates which see the same decide
/// alike.</summary>
public static class SpilloverEvaluator
{
    /// <param name="cores">What the job needs at once in one datacenter.</param>
    /// <param name="candidates">The other datacenters that the job may use, in any order.</param>
    public static SpilloverDecision Evaluate(
        CapacityConfig config,
        int cores,
        in SpilloverCandidate primary,
        ReadOnlySpan<SpilloverCandidate> candidates)
    {
        var home = primary.Capacity;
        if (!config.IsSpilloverEnabled) return Stay(SpilloverReason.Disabled, home);
        if (!home.IsFresh) return Stay(SpilloverReason.CapacityStale, home);
        if (home.AvailableCores >= cores) return Stay(SpilloverReason.PrimaryHasCapacity, home);
        if (home.EstimatedWait <= config.MaxWait) return Stay(SpilloverReason.PrimaryWaitAcceptable, home);

        var best = Best(config, cores, primary, candidates);
        if (best < 0) return Stay(SpilloverReason.NoSpilloverWithCapacity, home);
        ref readonly var found = ref candidates[best];
        var wait = WaitOf(found.Capacity, cores)!.Value;
        var isEnough = Saved(home.EstimatedWait, wait) >= config.MinImprovementRatio;
        return new SpilloverDecision(
            isEnough,
            isEnough ? SpilloverReason.ImprovesWaitTime : SpilloverReason.ImprovementInsufficient,
            home.Datacenter,
            found.Capacity.Datacenter,
            home.EstimatedWait,
            wait,
            found.RttMs - primary.RttMs);
    }

    /// <summary>The candidate with the shortest wait, then the smallest penalty, then the first name; -1 when
    /// none will do.</summary>
    private static int Best(
        CapacityConfig config,
        int cores,
        in SpilloverCandidate primary,
        ReadOnlySpan<SpilloverCandidate> candidates)
    {
        var home = primary.Capacity;
        var longest = home.EstimatedWait is { } wait ? wait / 2 : CapacityLimits.WaitMax;
        var (best, bestWait, bestPenalty) = (-1, Duration.Zero, 0.0);
        for (var i = 0; i < candidates.Length; i++)
        {
            ref readonly var candidate = ref candidates[i];
            var there = candidate.Capacity;
            if (!there.IsFresh || there.Health > home.Health) continue;
            var penalty = candidate.RttMs - primary.RttMs;
            if (penalty > config.MaxLatencyPenaltyMs) continue;
            if (WaitOf(there, cores) is not { } its || its > longest) continue;
            if (best >= 0 && !IsBetter(its, penalty, there, bestWait, bestPenalty, candidates[best].Capacity))
                continue;
            (best, bestWait, bestPenalty) = (i, its, penalty);
        }

        return best;
    }

    private static bool IsBetter(
        Duration wait,
        double penalty,
        DatacenterCapacity there,
        Duration bestWait,
        double bestPenalty,
        DatacenterCapacity best)
    {
        if (wait != bestWait) return wait < bestWait;
        if (penalty < bestPenalty) return true;
        return !(penalty > bestPenalty) && string.CompareOrdinal(there.Datacenter, best.Datacenter) < 0;
    }

    private static Duration? WaitOf(DatacenterCapacity there, int cores) =>
        there.AvailableCores >= cores ? Duration.Zero : there.EstimatedWait;

    /// <summary>The part of the wait that is saved; all of it where there would be no end.</summary>
    private static double Saved(Duration? wait, Duration instead) =>
        wait is { Nanoseconds: > 0 } whole
            ? (double)(whole.Nanoseconds - instead.Nanoseconds) / whole.Nanoseconds
            : 1;

    private static SpilloverDecision Stay(SpilloverReason reason, DatacenterCapacity home) =>
        new(false, reason, home.Datacenter, null, home.EstimatedWait, null, 0);
}
