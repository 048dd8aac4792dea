namespace Hyperscale.Det.Sim.Studies;

/// <summary>The routing study: every policy in every scenario, on the same jobs.</summary>
public sealed class RoutingStudy
{
    private readonly StudyMeasures[][] _measures;

    private RoutingStudy(ulong seed, int jobs, StudyMeasures[][] measures)
    {
        (Seed, Jobs) = (seed, jobs);
        _measures = measures;
    }

    /// <summary>Fewest jobs that say anything.</summary>
    public const int JobsMin = 100;

    /// <summary>Most jobs of a run: all are held in memory.</summary>
    public const int JobsMax = 1_000_000;

    public static IReadOnlyList<RoutingScenario> Scenarios { get; } = Enum.GetValues<RoutingScenario>();

    public ulong Seed { get; }

    /// <summary>Of each run.</summary>
    public int Jobs { get; }

    public StudyMeasures this[RoutingScenario scenario, RoutingPolicy policy] =>
        _measures[(int)scenario][(int)policy];

    public static RoutingStudy Run(ulong seed, int jobs)
    {
        var policies = RoutingPolicies.All;
        var measures = Scenarios.Select(_ => new StudyMeasures[policies.Count]).ToArray();
        // Worlds share nothing, so that their order is of no matter.
        Parallel.For(0, Scenarios.Count * policies.Count, i =>
        {
            var (scenario, policy) = (i / policies.Count, i % policies.Count);
            measures[scenario][policy] = RunOne(seed, jobs, Scenarios[scenario], policies[policy]);
        });
        return new RoutingStudy(seed, jobs, measures);
    }

    public static StudyMeasures RunOne(ulong seed, int jobs, RoutingScenario scenario, RoutingPolicy policy)
    {
        var world = new StudyWorld(new StudyModel(seed, jobs, scenario), policy);
        world.Run();
        return world.Log.Measures(policy);
    }
}
