namespace Hyperscale.Det.Sim.Studies;

/// <summary>The routing study as a picture.</summary>
public static class RoutingChart
{
    public static string Of(RoutingStudy study) => BarChart.Draw(
        $"Routing study, seed {study.Options.Seed}, {study.Options.Jobs} jobs a run",
        [.. RoutingPolicies.All.Select(RoutingPolicies.NameOf)],
        [
            Panel(study, "median overhead, ms (powers of ten)", true, "F0", null, run => run.OverheadP50Ms),
            Panel(study, "p95 overhead, ms (powers of ten)", true, "F0", null, run => run.OverheadP95Ms),
            Panel(study, "median RTT, ms (powers of ten)", true, "F0", null, run => run.RttP50Ms),
            Panel(study, "load variation", false, "F2", 0.3, run => run.LoadVariation),
        ]);

    private static BarPanel Panel(
        RoutingStudy study,
        string title,
        bool isLogarithmic,
        string format,
        double? goal,
        Func<StudyMeasures, double?> of) => new(
            title,
            isLogarithmic,
            format,
            goal,
            [
                .. RoutingStudy.Scenarios.Select(scenario => new BarGroup(
                    $"{scenario}".ToLowerInvariant(),
                    [.. RoutingPolicies.All.Select(policy => of(study[scenario, policy]))])),
            ]);
}
