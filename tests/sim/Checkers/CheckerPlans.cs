using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Checkers;

internal static class CheckerPlans
{
    /// <summary>One client submits one job of one second.</summary>
    public static readonly Plan OneSubmission = CalmPlan.Smallest with
    {
        Operations =
        [
            new PlannedOperation.Submit(
                Duration.FromMilliseconds(500),
                Client: 0,
                new PlannedJob(
                    "job-0", Datacenters: 1, [], [], null, null, null,
                    [
                        new PlannedWorkflow(
                            WorkflowKind.Http, 1, Duration.FromSeconds(1), Duration.FromSeconds(1), []),
                    ]),
                Watches: true),
        ],
        FaultsEnd = Duration.FromSeconds(2),
        SettleWithin = Duration.FromSeconds(60),
    };
}
