using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>Retry budgets and ends of jobs over two datacenters, through crashes: Coyote chooses
/// the order of deliveries, repeats, timers and crashes.</summary>
public sealed class BudgetTests
{
    private static readonly NodeId[] ManagersOfA =
        [NodeId.Of("dc-a/manager-1"), NodeId.Of("dc-a/manager-2")];

    [Fact]
    public void Grants_stay_within_the_budget_through_repeats_and_crashes()
    {
        var runs = new List<Cluster>();
        Scenario.Of(runtime =>
        {
            runs.Add(new Cluster(Cluster.Genuine, ticksMax: 500, crashesMax: 6, gates: 1, 2, 1)
            {
                ExitCodes = 4,
                DetourTurns = 8,
                TurnsPerTick = 2,
                // Those that come after grants are not to be used up before.
                TurnsPerCrash = runs.Count % 2 == 0 ? 600 : 60,
                Victims = ManagersOfA,
                CrashesAfterGrants = runs.Count % 2 == 0,
                JobOf = name => Jobs.Shared(name, budget: 3),
            });
            runs[^1].Run(runtime, jobs: 1, cancels: false);
        }).HoldsAlways(schedules: 40);

        // Schedules in which nothing is granted prove nothing.
        var budgets = runs.Select(run => run.Observer.Budgets).ToList();
        var seen = string.Join(", ", budgets.CountBy(run => (run.Granted, run.Raised, run.HasMoved)));
        Assert.True(budgets.Any(run => run.Granted > 1), seen);
        Assert.True(budgets.Any(run => run.Raised > 0), seen);
        // Nor do those in which no primary changed between a grant and the start that it is for.
        Assert.True(budgets.Any(run => run.HasMoved), seen);
    }

    [Fact]
    public void A_job_ends_once_whatever_result_and_deadline_come_to()
    {
        var runs = new List<Cluster>();
        Scenario.Of(runtime =>
        {
            runs.Add(new Cluster(Cluster.Genuine, ticksMax: 300, crashesMax: 2, gates: 2, 1, 1)
            {
                DetourTurns = 8,
                TurnsPerTick = 2,
                CancelsAccepted = runs.Count % 2 == 0,
                Victims = [Cluster.Gate, NodeId.Of("gate-2")],
                JobOf = name => Jobs.Shared(
                    name, budget: 1, new BestEffortSpec(true, 1, Duration.FromSeconds(4), WaitForAll: true)),
            });
            runs[^1].Run(runtime, jobs: 1, cancels: false);
        }).HoldsAlways(schedules: 40);

        var ends = runs.SelectMany(run => run.Observer.Budgets.Ends).ToList();
        var seen = string.Join(", ", ends.CountBy(end => end));
        Assert.True(ends.Contains((JobState.Completed, CompletionReason.AllDcsReported)), seen);
        Assert.True(ends.Any(end => end.State == JobState.Failed), seen);
        // A cancellation that is asked for as soon as the job is accepted wins the race, and loses it.
        var raced = runs.Where(run => run.CancelsAccepted).SelectMany(run => run.Observer.Budgets.Ends)
            .Select(end => end.State == JobState.Cancelled);
        Assert.Equal([false, true], raced.Distinct().Order());
    }

    [Fact]
    public void Managers_that_take_the_jobs_budget_for_their_share_are_found_and_replayed() =>
        Assert.Contains(
            "is granted 2 of 1 retries",
            Scenario.Of(runtime => new Cluster(WithGreed, ticksMax: 400, crashesMax: 0, gates: 1, 1, 1)
            {
                ExitCodes = 1000,
                LateCopies = 0,
                DetourTurns = 4,
                TurnsPerTick = 2,
                JobOf = name => Jobs.Shared(name, budget: 1),
            }.Run(runtime, jobs: 1, cancels: false)).BreaksAndReplays(200),
            StringComparison.Ordinal);

    private static INode WithGreed(NodeId id, Topology topology) =>
        Cluster.Genuine(id, topology) is ManagerNode manager
            ? new GreedyManager(manager)
            : Cluster.Genuine(id, topology);

    /// <summary>The planted bug: a reservation's share is all that the job has.</summary>
    private sealed class GreedyManager(INode manager) : IPlantedNode
    {
        public INode Genuine => manager;

        public NodeId Id => manager.Id;

        public Instant NextDeadline => manager.NextDeadline;

        public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
        {
            if (input is NodeInput.Received { Message: Message.ReserveSlot reserve } received)
                input = received with
                {
                    Message = reserve with
                    {
                        Retries = reserve.Retries is { } share ? share with { Share = share.Total } : null,
                    },
                };
            return manager.Step(input, now, outbox);
        }

        public void CheckInvariants() => manager.CheckInvariants();

        public void AddTo(ref Fingerprint fingerprint) => manager.AddTo(ref fingerprint);
    }
}
