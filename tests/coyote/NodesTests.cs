using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>The nodes as actors: Coyote chooses the order of deliveries, syncs, timers and crashes.</summary>
public sealed class NodesTests
{
    [Fact]
    public void Jobs_run_once_whatever_the_order_of_deliveries_timers_and_crashes()
    {
        var runs = new List<Cluster>();
        Scenario.Of(runtime =>
        {
            runs.Add(new Cluster(Cluster.Genuine, ticksMax: 120, crashesMax: 3));
            runs[^1].Run(runtime, jobs: 2, cancels: false);
        }).HoldsAlways(schedules: 100);

        // A schedule in which nothing happens proves nothing.
        Assert.True(runs.Count(run => run.Observer.Ended > 0) > runs.Count * 3 / 4, Summary(runs));
        Assert.Contains(runs, run => run.Observer.Ended == 2 && run.CrashesLeft == 0);
    }

    [Fact]
    public void Three_gates_keep_one_ledger_whatever_the_order_of_deliveries_timers_and_crashes()
    {
        var runs = new List<Cluster>();
        Scenario.Of(runtime =>
        {
            runs.Add(new Cluster(Cluster.Genuine, ticksMax: 160, crashesMax: 3, gates: 3)
            {
                Victims = [.. Enumerable.Range(1, 3).Select(number => NodeId.Of($"gate-{number}"))],
            });
            runs[^1].Run(runtime, jobs: 2, cancels: false);
        }).HoldsAlways(schedules: 60);

        Assert.Contains(runs, run => run.Observer.Ended > 0);
        Assert.Contains(runs, run => run.Observer is { Accepted: > 0, Leaders: > 1 });
    }

    [Fact]
    public void One_key_makes_one_job_whatever_is_repeated_crashes_or_changes_its_leader()
    {
        var runs = new List<Cluster>();
        Scenario.Of(runtime =>
        {
            var isLater = runs.Count % 2 == 0;
            runs.Add(new Cluster(Cluster.Genuine, ticksMax: isLater ? 500 : 200, crashesMax: 3, gates: 3)
            {
                Repeats = 3,
                CrashesAfterAnswers = isLater,
                // Crashes that come after answers are not to be used up before.
                TurnsPerCrash = isLater ? 600 : 4,
                DetourTurns = isLater ? 8 : 60,
                Victims = [.. Enumerable.Range(1, 3).Select(number => NodeId.Of($"gate-{number}"))],
            });
            runs[^1].Run(runtime, jobs: 1, cancels: false);
        }).HoldsAlways(schedules: 40);

        var seen = string.Join(", ", runs.CountBy(
            run => (run.Observer.Duplicates, run.Observer.DuplicatesOverViews, run.Observer.Leaders)));
        Assert.True(runs.Any(run => run.Observer.Duplicates > 0), seen);
        Assert.True(
            runs.Any(run => run.Observer is { DuplicatesOverViews: > 0, Leaders: > 1 }), seen);
    }

    [Fact]
    public void A_cancellation_may_fall_anywhere() =>
        Scenario.Of(runtime => new Cluster(Cluster.Genuine, ticksMax: 80, crashesMax: 2)
            .Run(runtime, jobs: 1, cancels: true)).HoldsAlways(schedules: 100);

    [Fact]
    public void A_worker_that_runs_what_was_meant_for_its_last_life_is_found_and_replayed() =>
        Assert.Contains(
            "is started twice",
            Scenario.Of(runtime => new Cluster(WithAmnesia, ticksMax: 60, crashesMax: 3)
            {
                LateCopies = 13,
                Victims = [Cluster.Worker],
            }.Run(runtime, jobs: 1, cancels: false)).BreaksAndReplays(2000),
            StringComparison.Ordinal);

    private static INode WithAmnesia(NodeId id, Topology topology) => id == Cluster.Worker
        ? new AmnesiacWorker(Cluster.Genuine(id, topology))
        : Cluster.Genuine(id, topology);

    private static string Summary(List<Cluster> runs) => string.Join(
        ", ", runs.CountBy(run => (run.Observer.Accepted, run.Observer.Ended, run.CrashesLeft)));

    /// <summary>The planted bug: takes every start as meant for the life it is in.</summary>
    private sealed class AmnesiacWorker(INode worker) : INode
    {
        private BootId _boot;

        public NodeId Id => worker.Id;

        public Instant NextDeadline => worker.NextDeadline;

        public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
        {
            if (input is NodeInput.Started started) _boot = started.Boot;
            if (input is NodeInput.Received { Message: Message.StartAttempt start } received)
                input = received with { Message = start with { Boot = _boot } };
            return worker.Step(input, now, outbox);
        }

        public void CheckInvariants() => worker.CheckInvariants();

        public void AddTo(ref Fingerprint fingerprint) => worker.AddTo(ref fingerprint);
    }
}
