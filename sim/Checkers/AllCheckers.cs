namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Every rule there is.</summary>
public static class AllCheckers
{
    public static IReadOnlyList<Checker> Create() =>
    [
        new CoreConservation(),
        new AttemptOnce(),
        new OneDatacenter(),
        new LeasedWork(),
        new FencesRise(),
        new LogSurvives(),
        new AcknowledgedJobs(),
        new OneCompletion(),
        new ResultsConserved(),
        new NoDispatchAfterEnd(),
        new BoundedQueues(),
        new OneAnswer(),
        new NodeInvariants(),
        new Liveness(),
    ];
}
