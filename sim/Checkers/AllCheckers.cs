using Hyperscale.Det.Sim.Coverage;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Every rule there is, and what marks the situations met.</summary>
public static class AllCheckers
{
    public static IReadOnlyList<Checker> Create() =>
    [
        new CoreConservation(),
        new AttemptOnce(),
        new OneDatacenter(),
        new DependenciesFirst(),
        new LeasedWork(),
        new ResourceGuards(),
        new FencesRise(),
        new LogSurvives(),
        new AcknowledgedJobs(),
        new OneHistory(),
        new CommittedSurvives(),
        new OnePrimary(),
        new ReplicasRise(),
        new OneJobPerSubmission(),
        new OneJobPerKey(),
        new OneCompletion(),
        new RetryBudgets(),
        new BestEffort(),
        new ResultsConserved(),
        new LatenciesOnce(),
        new SloHealthRules(),
        new ProgressRises(),
        new NoDispatchAfterEnd(),
        new NoStartAfterEnd(),
        new JobRouting(),
        new BoundedQueues(),
        new OneAnswer(),
        new NodeInvariants(),
        new MembersAgree(),
        new ViewsAgree(),
        new HealthAgrees(),
        new SloViews(),
        new Liveness(),
        new Convergence(),
        new Situations(),
        new ReplicaSituations(),
        new ReliabilitySituations(),
        new RoutingSituations(),
    ];
}
