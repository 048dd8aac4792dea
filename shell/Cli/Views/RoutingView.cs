using System.Globalization;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>Where a job would go, and why.</summary>
internal static class RoutingView
{
    public static void Draw(RoutingJson routing, CliContext context)
    {
        var outcome = Figures.Word(routing.Outcome);
        Screen.Line($"{outcome}: {routing.Reason}", outcome, context);
        if (routing.Datacenters.Count > 0) Screen.Draw(Candidates(routing.Datacenters), context);
        foreach (var spillover in routing.Spillovers) context.Out.WriteLine(Figures.Clean(Of(spillover)));
        foreach (var excluded in routing.Excluded)
            context.Out.WriteLine(Figures.Clean($"{excluded.Datacenter} is excluded: {excluded.Reason}"));
        foreach (var instead in routing.Instead) context.Out.WriteLine(Figures.Clean($"instead {instead}"));
    }

    private static Sheet Candidates(IReadOnlyList<CandidateJson> candidates) => new(
        [
            new("datacenter"), new("place"), new("bucket"), new("why"), new("score", true),
            new("latency ms", true), new("observed ms", true), new("by", true), new("rtt ms", true),
            new("base ms", true), new("load", true), new("quality", true), new("slo", true), new("level"),
            new("prefer", true), new("cooldown", true),
        ],
        candidates.Select(candidate => (IReadOnlyList<string>)
        [
            candidate.Datacenter, candidate.IsPrimary ? "primary" : "fallback",
            Figures.Word(candidate.Bucket), candidate.Why, One(candidate.Score), One(candidate.LatencyMs),
            One(candidate.ObservedMs), Two(candidate.ObservedConfidence), One(candidate.PredictedRttMs),
            One(candidate.BaselineMs), Two(candidate.Load), Two(candidate.Quality), Two(candidate.Slo),
            candidate.SloLevel ?? "", Two(candidate.Preference), Two(candidate.Cooldown),
        ]));

    private static string Of(SpilloverJson spillover)
    {
        var wait = spillover.Wait?.ToString() ?? "unknown";
        var there = spillover.To is null
            ? ""
            : $"; {spillover.To} has them in {spillover.WaitThere?.ToString() ?? "unknown time"}";
        return $"{spillover.Datacenter}: {spillover.Reason}, cores in {wait}{there}";
    }

    private static string One(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Two(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
