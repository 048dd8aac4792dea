using System.Diagnostics;
using System.Globalization;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

public enum AlternativeKind : byte
{
    /// <summary>Its score would have to be below the needed one.</summary>
    ScoreBelow,

    /// <summary>The same, once the hold-down of the primary is over.</summary>
    ScoreBelowAfterHoldDown,

    /// <summary>Its bucket would have to be the needed one or a better one.</summary>
    BucketAtLeast,

    /// <summary>It was left for want of cores: it would have to have the needed number of them in
    /// time.</summary>
    CoresInTime,

    /// <summary>It gave way to a probe, for this one job.</summary>
    NoProbe,

    /// <summary>It would have to be eligible at all.</summary>
    NotExcluded,
}

/// <summary>What would have sent a job to a datacenter that is no primary of it.</summary>
/// <param name="Needed">A score, a bucket as a number, or cores.</param>
/// <param name="Actual">What it has of that.</param>
/// <param name="Detail">Why it is excluded, how long the hold-down lasts, or how long the cores would
/// take.</param>
public readonly record struct RoutingAlternative(
    string Datacenter, AlternativeKind Kind, double Needed, double Actual, string Detail)
{
    public string Text => Kind switch
    {
        AlternativeKind.ScoreBelow =>
            $"{Datacenter}: with a score below {Number(Needed)}; it has {Number(Actual)}",
        AlternativeKind.ScoreBelowAfterHoldDown =>
            $"{Datacenter}: with a score below {Number(Needed)}, {Detail}; it has {Number(Actual)}",
        AlternativeKind.BucketAtLeast =>
            $"{Datacenter}: if it were {(DatacenterHealth)Needed}; it is {(DatacenterHealth)Actual}",
        AlternativeKind.CoresInTime => string.Create(
            CultureInfo.InvariantCulture,
            $"{Datacenter}: if it had {Needed:F0} cores in time; it takes {Detail}"),
        AlternativeKind.NoProbe => $"{Datacenter}: but for the probe",
        AlternativeKind.NotExcluded => $"{Datacenter}: if it were not {Detail}",
        _ => throw new UnreachableException($"unhandled {Kind}"),
    };

    private static string Number(double value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value:F1}");
}

/// <summary>Says of a decision what led to it and what would have changed it.</summary>
public static class RoutingExplanation
{
    /// <summary>For every datacenter that is no primary, what would have made it one; in the order of the
    /// ranking, then of the exclusions.</summary>
    public static IReadOnlyList<RoutingAlternative> Alternatives(RoutingDecision decision)
    {
        var alternatives = new List<RoutingAlternative>();
        for (var i = decision.PrimaryCount; i < decision.Ranking.Count; i++)
            alternatives.Add(AlternativeOf(decision, decision.Ranking[i], decision.ToBeat!.Value));
        foreach (var excluded in decision.Excluded)
        {
            alternatives.Add(
                new(excluded.Datacenter, AlternativeKind.NotExcluded, 0, 0, excluded.Text));
        }

        return alternatives;
    }

    /// <summary>The decision in lines for people: reason, ranking, spillover, alternatives.</summary>
    public static IReadOnlyList<string> Lines(RoutingDecision decision)
    {
        var lines = new List<string> { $"{decision.Outcome}: {RoutingNames.Of(decision.Reason)}" };
        for (var i = 0; i < decision.Ranking.Count; i++)
        {
            var place = i < decision.PrimaryCount ? "primary" : "fallback";
            lines.Add($"{place} {Describe(decision.Ranking[i])}");
        }

        foreach (var spillover in decision.Spillovers)
            lines.Add($"spillover of {spillover.PrimaryDatacenter}: {Describe(spillover)}");
        foreach (var alternative in Alternatives(decision)) lines.Add($"instead {alternative.Text}");
        return lines;
    }

    /// <summary>Why no datacenter could take the job, with the reason of each.</summary>
    public static string Failure(RoutingDecision decision) =>
        string.Join("; ", decision.Excluded.Select(excluded => $"{excluded.Datacenter}: {excluded.Text}"));

    private static RoutingAlternative AlternativeOf(
        RoutingDecision decision, in DatacenterRoutingScore score, PlaceToBeat toBeat)
    {
        var name = score.Datacenter;
        foreach (var spillover in decision.Spillovers)
        {
            if (!spillover.ShouldSpill || spillover.PrimaryDatacenter != name) continue;
            return new(
                name, AlternativeKind.CoresInTime, decision.Request.CoresRequired, 0,
                Wait(spillover.PrimaryWait));
        }

        if (score.Bucket > toBeat.Bucket)
        {
            return new(
                name, AlternativeKind.BucketAtLeast, (double)toBeat.Bucket, (double)score.Bucket, "");
        }

        // Only who gave way to the probe is good enough and yet no primary.
        if (decision.Reason == RoutingReason.Probe && name == decision.Fallback.First())
            return new(name, AlternativeKind.NoProbe, 0, 0, "");
        return toBeat.HeldUntil is { } until
            ? new(
                name, AlternativeKind.ScoreBelowAfterHoldDown, toBeat.Score, score.Score,
                $"in {until - decision.At}")
            : new(name, AlternativeKind.ScoreBelow, toBeat.Score, score.Score, "");
    }

    private static string Describe(in DatacenterRoutingScore score) => string.Create(
        CultureInfo.InvariantCulture,
        $"{score.Datacenter}: {Standing(score)} {score.Score:F1} = latency {score.BlendedLatencyMs:F1} ms "
        + $"(observed {score.ObservedLatencyMs:F1} ms by {score.ObservedConfidence:F2}, predicted "
        + $"{score.PredictedRttMs:F1} + {score.BaselineMs:F1} ms) x load {score.LoadFactor:F2} "
        + $"x quality {score.QualityPenalty:F2} "
        + $"x slo {score.SloFactor:F2} x preference {score.PreferenceFactor:F2} "
        + $"x cooldown {score.CooldownFactor:F2}");

    private static string Standing(in DatacenterRoutingScore score) => score.Reason == HealthReason.None
        ? $"{score.Bucket}"
        : $"{score.Bucket} ({HealthVerdict.NameOf(score.Reason)})";

    private static string Describe(in SpilloverDecision spillover) => spillover.SpilloverDatacenter is null
        ? $"{spillover.ReasonName}, wait {Wait(spillover.PrimaryWait)}"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{spillover.ReasonName}, wait {Wait(spillover.PrimaryWait)}, {spillover.SpilloverDatacenter} "
            + $"{Wait(spillover.SpilloverWait)} at {spillover.LatencyPenaltyMs:F1} ms more");

    private static string Wait(Duration? wait) => wait?.ToString() ?? "unknown";
}
