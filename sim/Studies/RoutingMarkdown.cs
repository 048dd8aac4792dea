using System.Globalization;
using System.Text;
using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Sim.Studies;

/// <summary>The routing study as text with tables.</summary>
public static class RoutingMarkdown
{
    private static readonly (string Name, Func<StudyMeasures, double?> Of, string Format)[] Rows =
    [
        ("median overhead, ms", run => run.OverheadP50Ms, "F1"),
        ("p95 overhead, ms", run => run.OverheadP95Ms, "F1"),
        ("median RTT, ms", run => run.RttP50Ms, "F1"),
        ("load variation", run => run.LoadVariation, "F3"),
        ("failover, s", run => run.Failover is { } time ? time.Nanoseconds / 1e9 : null, "F1"),
        ("moves, %", run => run.MoveRate * 100, "F2"),
        ("switches, %", run => run.SwitchRate * 100, "F2"),
        ("detours, %", run => run.DetourRate * 100, "F2"),
        ("lost jobs", run => run.Lost, "F0"),
        ("us-1, first third, %", run => run.AffectedShares[0] * 100, "F1"),
        ("us-1, second third, %", run => run.AffectedShares[1] * 100, "F1"),
        ("us-1, last third, %", run => run.AffectedShares[2] * 100, "F1"),
    ];

    public static string Of(RoutingStudy study)
    {
        var text = new StringBuilder();
        Say(text, $"# Routing study, seed {study.Options.Seed}, {study.Options.Jobs} jobs a run\n\n");
        text.Append(About(study.Options)).Append('\n');
        AddGoals(text, study);
        foreach (var scenario in RoutingStudy.Scenarios) AddTable(text, study, scenario);
        return text.ToString();
    }

    private static string About(StudyOptions options) =>
        $"""
        Three regions with a gate and two datacenters each
        ({Places(options)}),
        jobs of 1 to 16 cores and 4 to 144 s that use {options.LoadPercent}% of all cores, in a surge half as
        many more, heartbeats every 5 s, gates that tell each other what they dispatched. All policies see the
        same: what the router excludes is excluded for all of them. The datacenter that is slow, dies or heals
        is us-1, the largest.

        Overhead: from submission to result, less the declared duration; waiting for cores is part of it. RTT:
        to the datacenter that a job ran in. Load variation: of the mean utilization of the datacenters that
        live. Failover: from the death to the last job that was routed there. Moves: decisions for another
        datacenter than the one before of the same gate and class of jobs. Switches: decisions that gave the
        class another incumbent; detours: decisions around one that had no free core, for one job; both the
        router's alone. Lost: without a result at the deadline, 5 min after the declared duration.

        """.ReplaceLineEndings("\n");

    private static string Places(StudyOptions options) => string.Join(
        ", ", StudyModel.Places.Select(place => $"{place.Name} {place.Cores * options.Scale} cores"));

    private static void AddGoals(StringBuilder text, RoutingStudy study)
    {
        text.Append("## Goals\n\n| scenario | goal | ours | |\n|---|---|---|---|\n");
        foreach (var scenario in RoutingStudy.Scenarios)
        {
            foreach (var goal in GoalsOf(study, scenario))
            {
                var verdict = goal.IsMet ? "met" : "MISSED";
                Say(text, $"| {NameOf(scenario)} | {goal.Name} | {goal.Measured} | {verdict} |\n");
            }
        }
    }

    private static void AddTable(StringBuilder text, RoutingStudy study, RoutingScenario scenario)
    {
        Say(text, $"\n## {scenario}\n\n| |");
        foreach (var policy in RoutingPolicies.All) Say(text, $" {RoutingPolicies.NameOf(policy)} |");
        var others = RoutingPolicies.All.Where(policy => policy != RoutingPolicy.Ours).ToList();
        foreach (var other in others) Say(text, $" ours / {RoutingPolicies.NameOf(other)} |");
        text.Append("\n|---|");
        foreach (var _ in RoutingPolicies.All.Concat(others)) text.Append("---:|");
        text.Append('\n');
        var ours = study[scenario, RoutingPolicy.Ours];
        foreach (var (name, of, format) in Rows)
        {
            if (of(ours) is not { } value) continue;
            Say(text, $"| {name} |");
            foreach (var policy in RoutingPolicies.All)
                Say(text, $" {Number(of(study[scenario, policy]), format)} |");
            foreach (var other in others) Say(text, $" {Ratio(value, of(study[scenario, other]))} |");
            text.Append('\n');
        }

        var reasons = ours.Switches.Select(one => $"{one.Count} {RoutingNames.Of(one.Reason)}");
        Say(text, $"\nSwitches: {string.Join(", ", reasons)}. ");
        Say(text, $"{ours.SpillRate * 100:F2}% of our decisions spilled over.\n\n");
        var missed = GoalsOf(study, scenario).Where(goal => !goal.IsMet).ToList();
        text.Append(missed.Count == 0 ? "All goals are met.\n" : "");
        foreach (var goal in missed) Say(text, $"* MISSED: {goal.Name}; it is {goal.Measured}.\n");
    }

    private static IReadOnlyList<RoutingGoal> GoalsOf(RoutingStudy study, RoutingScenario scenario) =>
        RoutingGoals.Of(study[scenario, RoutingPolicy.Ours], study[scenario, RoutingPolicy.Random]);

    private static string NameOf(RoutingScenario scenario) => $"{scenario}".ToLowerInvariant();

    private static string Number(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private static string Ratio(double ours, double? other) =>
        other > 0 ? Number(ours / other, "F2") : "";

    private static void Say(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture));
}
