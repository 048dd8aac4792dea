using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Lost answers, refusals, silence.</summary>
public sealed class GateSlotTests
{
    private static readonly NodeId East = GateBench.East;
    private static readonly NodeId West = GateBench.West;

    private readonly GateBench _bench = new();

    private Duration Resend => _bench.Config.ResendInterval;

    [Fact]
    public void A_command_without_an_answer_is_sent_again_and_less_often_to_a_silent_peer()
    {
        var bench = new GateBench(GateBench.OneManagerEach);
        var job = bench.Submit(Specs.Job());
        var key = new SlotKey(job, 0, 1);
        var reserve = new Message.ReserveSlot(key, bench.Gate.FenceOf(0), bench.Job(job).Spec);
        foreach (var intervals in new[] { 1, 1, 1, 2, 4, 8, 8 })
        {
            bench.Forget();
            bench.Pass((Resend * intervals) - Duration.FromNanoseconds(1));
            Assert.Empty(bench.Sent);
            bench.Pass(Duration.FromNanoseconds(1));
            Assert.Equal([(East, (Message)reserve)], bench.Sent);
        }
    }

    [Fact]
    public void A_start_whose_answer_is_lost_is_sent_again_to_the_same_datacenter()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.Receive(East, new Message.SlotReserved(key, Duration.Zero));
        _bench.Heartbeat("west", West);
        _bench.Forget();
        _bench.Pass(Duration.FromSeconds(60));
        var start = new Message.StartSlot(key, _bench.Gate.FenceOf(0));
        Assert.NotEmpty(_bench.Sent);
        Assert.All(_bench.Sent, sent => Assert.Equal(start, sent.Message));
        Assert.DoesNotContain(_bench.Sent, sent => sent.To == West);

        _bench.Receive(East, new Message.SlotStarted(key));
        _bench.Forget();
        _bench.Pass(Duration.FromSeconds(60));
        Assert.Empty(_bench.Sent);
    }

    [Fact]
    public void Progress_stands_in_for_the_answer_to_a_start_that_was_lost()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.Receive(East, new Message.SlotReserved(key, Duration.Zero));
        _bench.Receive(East, new Message.SlotProgressed(key, new BootId(1), 1, []));
        _bench.Forget();
        _bench.Pass(Duration.FromSeconds(10));

        Assert.Empty(_bench.Sent);
    }

    [Fact]
    public void A_lost_peer_gets_at_once_what_it_may_not_have_got()
    {
        var bench = new GateBench(GateBench.OneManagerEach);
        var first = bench.Submit(Specs.Job());
        var running = bench.Run(Specs.Job());
        bench.Pass(Duration.FromSeconds(20));
        bench.Forget();
        var effects = bench.When(new NodeInput.PeerLost(East));

        var reserve = new Message.ReserveSlot(
            new SlotKey(first, 0, 1), bench.Gate.FenceOf(0), bench.Job(first).Spec);
        Assert.Equal([GateBench.Send(East, reserve)], effects);
        Assert.Equal(SlotStage.Starting, bench.Job(running.Job).Slots[0].Stage);
        bench.Pass(Resend);
        Assert.Equal(2, bench.Sent.Count(sent => sent.Message == reserve));
        Assert.Empty(bench.When(new NodeInput.PeerLost(West)));
    }

    [Fact]
    public void An_answer_that_comes_twice_is_acted_on_once()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.IsDiskFast = false;
        _bench.Receive(East, new Message.SlotReserved(key, Duration.Zero));
        Assert.Equal(NodeVerdict.Accepted, _bench.Verdict);
        _bench.Receive(East, new Message.SlotReserved(key, Duration.Zero));
        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);
        _bench.IsDiskFast = true;
        _bench.Persist();
        _bench.Receive(East, new Message.SlotReserved(key, Duration.Zero));
        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);
        _bench.Receive(East, new Message.SlotStarted(key));
        Assert.Equal(NodeVerdict.Accepted, _bench.Verdict);
        _bench.Receive(East, new Message.SlotStarted(key));
        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);

        Assert.Single(_bench.Sent, sent => sent.Message is Message.StartSlot);
    }

    [Fact]
    public void A_refused_slot_goes_to_the_next_datacenter_under_the_next_epoch()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        var next = key with { Epoch = 2 };
        var effects = _bench.Receive(East, new Message.SlotRefused(key, "full"));

        Assert.Equal(
            [
                GateBench.Tell(new TelemetryEvent.SlotRefused(key, "east", "full")),
                GateBench.Tell(new TelemetryEvent.SlotAssigned(next, "west")),
                GateBench.Send(
                    West, new Message.ReserveSlot(next, _bench.Gate.FenceOf(0), _bench.Job(key.Job).Spec)),
            ],
            effects);
        // The same refusal, late: the slot is not there any more.
        Assert.Empty(GateBench.SentIn(_bench.Receive(East, new Message.SlotRefused(key, "full"))));
        Assert.Equal(NodeVerdict.Stale, _bench.Verdict);
    }

    [Fact]
    public void A_refused_start_moves_the_slot_too()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.Receive(East, new Message.SlotReserved(key, Duration.Zero));
        _bench.Receive(East, new Message.SlotRefused(key, "the reservation has expired"));

        Assert.Equal("west", _bench.Job(key.Job).Slots[0].Datacenter);
    }

    [Fact]
    public void A_refusal_of_what_has_started_is_old_and_changes_nothing()
    {
        var key = _bench.Run(Specs.Job());
        _bench.Receive(East, new Message.SlotRefused(key, "full"));

        Assert.Equal(NodeVerdict.Stale, _bench.Verdict);
        Assert.Equal("east", _bench.Job(key.Job).Slots[0].Datacenter);
    }

    [Fact]
    public void When_all_have_refused_they_are_asked_again_in_turn_ever_less_often()
    {
        var job = _bench.Submit(Specs.Job());
        var asked = new List<(long Second, NodeId Manager)>();
        var key = new SlotKey(job, 0, 1);
        var second = 0L;
        for (; second < 60; second++)
        {
            _bench.Heartbeat("east", East);
            _bench.Heartbeat("west", West);
            for (var manager = HolderOf(job); manager is { } holder; manager = HolderOf(job))
            {
                asked.Add((second, holder));
                _bench.Receive(holder, new Message.SlotRefused(key with { Epoch = asked.Count }, "full"));
            }

            if (second == 1)
            {
                var slot = _bench.Status(job).Slots[0];
                Assert.Equal(SlotPhase.Unassigned, slot.Phase);
                Assert.StartsWith("waiting for a datacenter: ", slot.Reason, StringComparison.Ordinal);
                Assert.Contains("west: full", slot.Reason, StringComparison.Ordinal);
            }

            _bench.Pass(Duration.FromSeconds(1));
        }

        Assert.Equal(
            [(0, East), (0, West), (2, East), (6, West), (14, East), (30, West), (46, East)], asked);
    }

    [Fact]
    public void A_silent_datacenter_loses_a_slot_that_another_one_would_take()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.Pass(_bench.Config.ManagerStaleness - Duration.FromSeconds(1));
        _bench.Heartbeat("west", West);
        Assert.Equal("east", _bench.Job(key.Job).Slots[0].Datacenter);
        _bench.Pass(Duration.FromSeconds(10));

        var slot = _bench.Job(key.Job).Slots[0];
        Assert.Equal(("west", 2), (slot.Datacenter, slot.Epoch));
        Assert.Equal([new SlotRefusal("east", "no answer to the reservation for 30s")], slot.Refusals);
        // Its answer comes at last: it must give the reservation up.
        _bench.Forget();
        _bench.Receive(East, new Message.SlotReserved(key, Duration.Zero));
        Assert.Equal(NodeVerdict.Stale, _bench.Verdict);
        Assert.Equal(
            [(East, (Message)new Message.CancelSlot(
                key, _bench.Gate.FenceOf(0), "the slot is not this datacenter's any more"))],
            _bench.Sent);
    }

    [Fact]
    public void A_silent_datacenter_keeps_its_slot_while_no_other_is_known_to_be_better()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.Pass(Duration.FromSeconds(120));

        var slot = _bench.Job(key.Job).Slots[0];
        Assert.Equal(("east", 1), (slot.Datacenter, slot.Epoch));
    }

    [Fact]
    public void A_job_too_large_for_every_worker_ends_at_once_and_says_why()
    {
        _bench.Heartbeat("east", East, largest: 1);
        _bench.Heartbeat("west", West, largest: 1);
        var job = _bench.Submit(Specs.Job(cores: 2));

        var ended = _bench.Job(job);
        Assert.Equal(JobState.Failed, ended.State);
        Assert.Equal(
            "no worker is large enough: workflow work needs 2 cores; "
            + "the largest workers have: east 1, west 1",
            ended.Reason);
        Assert.Contains(new TelemetryEvent.JobEnded(job, JobState.Failed, ended.Reason), _bench.Told);
        Assert.Equal(Instant.Never, _bench.Gate.NextDeadline);
    }

    [Fact]
    public void A_reservation_is_withdrawn_when_the_job_turns_out_to_be_too_large()
    {
        var job = _bench.Submit(Specs.Job(count: 2, cores: 2));
        var east = _bench.Reserve(job, 0, East);
        var west = _bench.Reserve(job, 1, West);
        _bench.Heartbeat("east", East, largest: 1);
        _bench.Heartbeat("west", West, largest: 1);
        _bench.Forget();
        _bench.Receive(East, new Message.SlotRefused(east, "too small"));

        Assert.Equal(JobState.Failed, _bench.Job(job).State);
        var cancel = Assert.IsType<Message.CancelSlot>(Assert.Single(_bench.Sent).Message);
        Assert.Equal(west, cancel.Slot);
        _bench.Receive(West, new Message.SlotRefused(west, "cancelled"));
        Assert.Equal(Instant.Never, _bench.Gate.NextDeadline);
    }

    [Fact]
    public void A_reservation_that_ends_without_a_start_frees_its_slot()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome(SlotState.Cancelled, "gave up")));

        var slot = _bench.Job(key.Job).Slots[0];
        Assert.Equal("west", slot.Datacenter);
        Assert.Equal([new SlotRefusal("east", "gave up")], slot.Refusals);
    }

    [Fact]
    public void What_managers_say_of_slots_that_are_not_theirs_is_refused()
    {
        var key = _bench.Run(Specs.Job());
        var other = new SlotKey(new JobId(0, 999), 0, 1);
        Assert.Equal(NodeVerdict.Refused, Say(West, key));
        Assert.Equal(NodeVerdict.Unknown, Say(GateBench.Client, key));
        Assert.Equal(NodeVerdict.Unknown, Say(East, key with { Epoch = 2 }));
        Assert.Equal(NodeVerdict.Unknown, Say(East, key with { Slot = 1 }));
        Assert.Equal(NodeVerdict.Unknown, Say(East, other));
        Assert.Equal(NodeVerdict.Misdirected, Say(East, new SlotKey(new JobId(77, 1), 0, 1)));
        Assert.Equal(JobState.Running, _bench.Job(key.Job).State);
        // Another manager of the same datacenter may speak: it can have taken over.
        Assert.Equal(NodeVerdict.Accepted, Say(GateBench.EastSecond, key));

        NodeVerdict Say(NodeId from, SlotKey slot)
        {
            _bench.Receive(from, new Message.SlotFinished(slot, Specs.Outcome()));
            return _bench.Verdict;
        }
    }

    [Fact]
    public void A_result_or_progress_of_workflows_that_the_job_does_not_have_is_refused()
    {
        var key = _bench.Run(Specs.Job());
        var outcome = Specs.Outcome();
        _bench.Receive(East, new Message.SlotFinished(
            key, outcome with { Workflows = [outcome.Workflows[0] with { Workflow = 1 }] }));
        Assert.Equal(NodeVerdict.Refused, _bench.Verdict);
        _bench.Receive(East, new Message.SlotProgressed(
            key, new BootId(1), 1, [new WorkflowProgress(1, WorkflowPhase.Running, "w", RunStats.None)]));
        Assert.Equal(NodeVerdict.Refused, _bench.Verdict);
    }

    [Fact]
    public void Who_is_named_as_the_primary_of_a_later_view_is_asked_at_once()
    {
        var key = _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.Forget();
        _bench.Receive(East, new Message.NotPrimary(key with { Epoch = 0 }, GateBench.EastSecond, View: 1));
        Assert.Empty(_bench.Sent);
        _bench.Receive(East, new Message.NotPrimary(key, GateBench.EastSecond, View: 1));
        Assert.Equal(NodeVerdict.Accepted, _bench.Verdict);
        Assert.Equal(GateBench.EastSecond, Assert.Single(_bench.Sent).To);

        // What is no news changes nothing, nor does the name of a stranger.
        _bench.Forget();
        _bench.Receive(GateBench.EastSecond, new Message.NotPrimary(key, East, View: 1));
        Assert.Equal(NodeVerdict.Misdirected, _bench.Verdict);
        _bench.Receive(GateBench.EastSecond, new Message.NotPrimary(key, GateBench.West, View: 2));
        Assert.Empty(_bench.Sent);
        _bench.Pass(Resend);
        Assert.Equal(GateBench.EastSecond, Assert.Single(_bench.Sent).To);
    }

    [Fact]
    public void A_primary_that_stays_silent_may_lead_no_more_so_the_other_managers_are_asked_in_turn()
    {
        _bench.Reserve(_bench.Submit(Specs.Job()), 0, East);
        _bench.Pass(Duration.FromSeconds(5));

        var asked = _bench.Sent.Where(sent => sent.Message is Message.ReserveSlot).Select(sent => sent.To);
        Assert.Equal([East, East, GateBench.EastSecond, East], asked.Take(4));
    }

    private NodeId? HolderOf(JobId job)
    {
        var slot = _bench.Job(job).Slots[0];
        if (!slot.IsOpen) return null;
        return slot.Datacenter == "east" ? East : West;
    }
}
