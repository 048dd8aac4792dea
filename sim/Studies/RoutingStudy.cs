namespace Hyperscale.Det.Sim.Studies;

/// <summary>The routing study: every policy in every scenario, on the same jobs.</summary>
public sealed class RoutingStudy
{
    private readonly StudyMeasures[][] _measures;

    private RoutingStudy(StudyOptions options, StudyMeasures[][] measures) =>
        (Options, _measures) = (options, measures);

    public static IReadOnlyList<RoutingScenario> Scenarios { get; } = Enum.GetValues<RoutingScenario>();

    public StudyOptions Options { get; }

    public StudyMeasures this[RoutingScenario scenario, RoutingPolicy policy] =>
        _measures[(int)scenario][(int)policy];

    public static RoutingStudy Run(StudyOptions options)
    {
        var policies = RoutingPolicies.All;
        var measures = Scenarios.Select(_ => new StudyMeasures[policies.Count]).ToArray();
        // Worlds share nothing, so that their order is of no matter.
        Parallel.For(0, Scenarios.Count * policies.Count, i =>
        {
            var (scenario, policy) = (i / policies.Count, i % policies.Count);
            measures[scenario][policy] = RunOne(options, Scenarios[scenario], policies[policy]);
        });
        return new RoutingStudy(options, measures);
    }

    public static StudyMeasures RunOne(
        StudyOptions options, RoutingScenario scenario, RoutingPolicy policy)
    {
        var world = new StudyWorld(new StudyModel(options, scenario), policy);
        world.Run();
        return world.Log.Measures(policy);
    }
}
