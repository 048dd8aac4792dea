using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What a gate says to who asks why a job is where it is.</summary>
public sealed class GateExplainTests
{
    private static readonly NodeId East = GateBench.East;
    private static readonly NodeId West = GateBench.West;

    private readonly GateBench _bench = new();

    [Fact]
    public void Every_step_of_a_slot_has_the_name_of_its_wait_and_since_when()
    {
        var submitted = _bench.Wall;
        var job = _bench.Submit(Specs.Job());
        var key = new SlotKey(job, 0, 1);
        Waits(WaitReason.Reservation, submitted);

        _bench.Pass(Seconds(2));
        Waits(WaitReason.Reservation, submitted);
        var reserved = _bench.Wall;
        _bench.Receive(East, new Message.SlotReserved(key, Seconds(7)));
        Waits(WaitReason.Start, reserved);

        _bench.Pass(Seconds(1));
        _bench.Receive(East, new Message.SlotStarted(key));
        Waits(WaitReason.Cores, reserved);
        _bench.Receive(East, Progressed(key, 1, new Wait(WaitReason.Cores, _bench.Wall)));
        Assert.Null(Slot().Wait);
        Assert.Equal(new Wait(WaitReason.Cores, _bench.Wall), Slot().Workflows[0].Wait);

        _bench.Pass(Seconds(1));
        var cancelled = _bench.Wall;
        _bench.Ask(new ClientRequest.CancelJob(job), requestId: 5);
        Assert.Equal(new Wait(WaitReason.Stop, cancelled, cancelled + Seconds(30)), Slot().Wait);
        Assert.Equal(cancelled + Seconds(30), Explain(job).Deadline);
        Assert.Equal(cancelled, Explain(job).Status.Since);

        SlotStatus Slot() => Explain(job).Status.Slots[0];

        void Waits(WaitReason reason, WallTime since) => Assert.Equal(new Wait(reason, since), Slot().Wait);
    }

    [Fact]
    public void A_slot_whose_start_is_held_back_says_that_it_waits_for_a_gate()
    {
        var key = _bench.Run(Specs.Job());
        _bench.Receive(East, Progressed(key, 1, new Wait(WaitReason.Contact, _bench.Wall)));

        Assert.Equal(
            (SlotPhase.Queued, "east waits for a gate to say that the job goes on"),
            (Explain(key.Job).Status.Slots[0].Phase, Explain(key.Job).Status.Slots[0].Reason));
    }

    [Fact]
    public void A_slot_that_was_refused_names_who_did_not_take_it_and_waits_since_then()
    {
        var job = _bench.Submit(Specs.Job(only: ["east"]));
        _bench.Pass(Seconds(2));
        var refused = _bench.Wall;
        _bench.Receive(East, new Message.SlotRefused(new SlotKey(job, 0, 1), "no worker"));

        var explained = Explain(job);
        Assert.Equal([new SlotRefusal("east", "no worker")], explained.Slots[0].Refusals);
        Assert.Equal(new Wait(WaitReason.Datacenter, refused), explained.Status.Slots[0].Wait);
    }

    [Fact]
    public void The_budget_names_every_grant_with_its_cause_while_it_runs_and_after_it_ended()
    {
        var job = _bench.Submit(Specs.Job(count: 2) with { RetryBudget = 5, RetryBudgetPerWorkflow = 3 });
        var east = Start(job, 0, East);
        Start(job, 1, West);
        _bench.Receive(East, Progressed(east, 1, null, "exit code 3", "exit code 4"));
        var grants = new[] { new RetryGrant(0, 2, "exit code 3"), new RetryGrant(0, 3, "exit code 4") };

        var running = Explain(job);
        Assert.Equal(grants, running.Slots[0].Grants);
        Assert.Equal((2, 2, 1), (running.Slots[0].RetryShare, running.RetriesGranted, running.RetryReserve));

        var outcome = Specs.Outcome() with { RetriesGranted = 2 };
        var result = outcome.Workflows[0] with
        {
            Attempts = 3,
            Earlier =
            [
                new EarlierAttempt(1, "w", AttemptState.Failed, "exit code 3", RunStats.None),
                new EarlierAttempt(2, "w", AttemptState.Failed, "exit code 4", RunStats.None),
            ],
        };
        _bench.Receive(East, new Message.SlotFinished(east, outcome with { Workflows = [result] }));
        Assert.Equal(grants, Explain(job).Slots[0].Grants);
        Assert.Equal(2, Explain(job).RetriesGranted);
    }

    [Fact]
    public void Grants_are_those_of_committed_results_and_what_may_have_been_granted_unheard_is_told_apart()
    {
        var job = _bench.Submit(Specs.Job(count: 2) with { RetryBudget = 4, RetryBudgetPerWorkflow = 2 });
        var east = Start(job, 0, East);
        var west = Start(job, 1, West);
        Assert.Equal((0, 4), (Explain(job).RetriesGranted, Explain(job).RetriesUnheard));

        _bench.Receive(East, Progressed(east, 1, null, "exit code 3"));
        _bench.Receive(West, Progressed(west, 1, null));
        Assert.Equal((1, 0), (Explain(job).RetriesGranted, Explain(job).RetriesUnheard));

        _bench.Pass(SlotContact.SilentAfter);
        Assert.Equal((1, 3), (Explain(job).RetriesGranted, Explain(job).RetriesUnheard));

        // The second was granted and not used.
        _bench.Receive(East, new Message.SlotFinished(east, Specs.Outcome() with { RetriesGranted = 2 }));
        Assert.Equal((2, 2), (Explain(job).RetriesGranted, Explain(job).RetriesUnheard));
    }

    [Fact]
    public void What_a_job_needs_to_be_complete_is_said_until_it_is()
    {
        var submitted = _bench.Wall;
        var job = _bench.Submit(Specs.Job(
            count: 2, bestEffort: Specs.BestEffort(minDcs: 1, deadline: Seconds(60))));
        var east = Start(job, 0, East);
        Start(job, 1, West);
        _bench.Heartbeat("west", West);

        var running = Explain(job);
        Assert.Equal(submitted + Seconds(60), running.Deadline);
        Assert.Equal(CompletionReason.Waiting, running.Completion);
        Assert.Equal(
            "ends when 1 of 2 datacenters completed or no longer can, or at the deadline; so far 0 "
            + "completed and 0 failed; waiting for east (silent), west",
            running.CompletesWhen);

        _bench.Receive(East, new Message.SlotFinished(east, Specs.Outcome()));
        var ended = Explain(job);
        Assert.Equal((CompletionReason.MinDcsReached, ""), (ended.Completion, ended.CompletesWhen));
    }

    [Fact]
    public void Without_best_effort_all_datacenters_are_needed_and_a_job_that_is_taken_back_needs_none()
    {
        var job = _bench.Submit(Specs.Job(count: 2));
        Start(job, 0, East);
        Assert.StartsWith(
            "ends when all 2 datacenters have reported, or at the deadline; it succeeds if all complete; ",
            Explain(job).CompletesWhen,
            StringComparison.Ordinal);
        _bench.Ask(new ClientRequest.CancelJob(job), requestId: 5);
        Assert.Equal("being cancelled, waiting for east (silent), west (silent)", Explain(job).CompletesWhen);
    }

    [Fact]
    public void Since_when_a_slot_is_where_it_is_survives_a_restart()
    {
        var job = _bench.Submit(Specs.Job());
        _bench.Pass(Seconds(3));
        _bench.Receive(East, new Message.SlotReserved(new SlotKey(job, 0, 1), Duration.Zero));
        var before = Explain(job).Status;
        _bench.Pass(Seconds(3));

        _bench.Restart();
        _bench.Pass(Seconds(1));

        var after = Explain(job).Status;
        Assert.Equal((before.Since, before.Slots[0].Wait), (after.Since, after.Slots[0].Wait));
    }

    [Fact]
    public void A_slot_whose_datacenter_is_not_heard_of_waits_for_it_until_the_deadline()
    {
        var job = _bench.Submit(Specs.Job());
        var key = Start(job, 0, East);
        _bench.Receive(East, Progressed(key, 1, null));
        _bench.Pass(Seconds(5));
        _bench.Receive(East, new Message.SlotHeld(key, new BootId(1), 1));
        var heard = _bench.Wall;
        _bench.Pass(Seconds(14));
        Assert.Null(Explain(job).Status.Slots[0].Wait);

        _bench.Pass(Seconds(2));
        var silent = Explain(job);
        Assert.Equal(new Wait(WaitReason.Contact, heard, silent.Deadline), silent.Status.Slots[0].Wait);
        Assert.Equal(
            "no word from east, which starts nothing new until it hears of a gate",
            silent.Status.Slots[0].Reason);

        _bench.Receive(East, new Message.SlotHeld(key, new BootId(1), 2));
        Assert.Null(Explain(job).Status.Slots[0].Wait);
    }

    private static Duration Seconds(long seconds) => Duration.FromSeconds(seconds);

    private static Message.SlotProgressed Progressed(
        SlotKey key, long revision, Wait? wait, params string[] causes) => new(
        key, new BootId(1), revision,
        [
            new WorkflowProgress(
                0, wait is null ? WorkflowPhase.Running : WorkflowPhase.Queued, "w", RunStats.None)
            {
                Wait = wait,
                RetriesGranted = causes.Length,
                RetryCauses = causes,
            },
        ]);

    private SlotKey Start(JobId job, int slot, NodeId manager)
    {
        var key = _bench.Reserve(job, slot, manager);
        _bench.Receive(manager, new Message.SlotReserved(key, Duration.Zero));
        _bench.Receive(manager, new Message.SlotStarted(key));
        return key;
    }

    private JobExplanation Explain(JobId job)
    {
        var effects = _bench.Ask(new ClientRequest.ExplainJob(job), requestId: 9);
        return Assert.IsType<ClientResponse.Explained>(
            Assert.Single(effects.OfType<NodeEffect.Reply>()).Response).Job;
    }
}
