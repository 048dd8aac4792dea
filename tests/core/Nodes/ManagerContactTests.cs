using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What a manager does about slots of which it hears nothing.</summary>
public sealed class ManagerContactTests
{
    private static readonly Duration Millisecond = Duration.FromMilliseconds(1);

    // The only core of the first worker is taken by another job.
    private readonly ManagerBench _bench = new() { IsGateThere = false };

    public ManagerContactTests()
    {
        _bench.Join(Worker1);
        _bench.Run(Job(), job: 9);
        _bench.Accept(Worker1, Attempt(9));
        _bench.Forget();
    }

    [Fact]
    public void Nothing_that_waits_for_cores_is_started_once_no_gate_was_heard_for_the_term()
    {
        _bench.Run(Job());
        _bench.Pass(SlotContact.Term - Millisecond, Worker1);
        _bench.Join(Worker2);
        Assert.Equal([Attempt()], Started(Worker2));
        _bench.Accept(Worker2, Attempt());

        _bench.Run(Job(), job: 2);
        _bench.Pass(SlotContact.Term, Worker1, Worker2);
        _bench.Join(Worker3);
        _bench.Pass(Seconds(5), Worker1, Worker2, Worker3);
        Assert.Empty(Started(Worker3));
        var wait = LastProgress(Slot(2)).Wait!;
        // It was asked for a term and five seconds ago.
        Assert.Equal((WaitReason.Contact, Seconds(5)), (wait.For, _bench.Wall - wait.Since));
        Assert.Equal("waits for a gate to say that the job goes on", LastProgress(Slot(2)).Reason);

        Answer(Slot(2));
        Assert.Equal([Attempt(2)], Started(Worker3));
    }

    [Fact]
    public void A_retry_of_a_datacenter_that_is_cut_off_waits_for_a_gate()
    {
        _bench.Receive(Gate, new Message.ReserveSlot(Slot(), 1, Job(), null, new RetryShare(5, 3, 2, 0)));
        _bench.Start();
        _bench.Join(Worker2);
        _bench.Accept(Worker2, Attempt());
        _bench.Pass(SlotContact.Term, Worker1, Worker2);
        _bench.Finish(Worker2, Attempt(), Failed);
        _bench.Forget();

        _bench.Pass(Seconds(60), Worker1, Worker2);
        Assert.Empty(Started(Worker2));

        Answer(Slot());
        Assert.Equal([Attempt() with { Attempt = 2 }], Started(Worker2));
    }

    [Fact]
    public void A_start_that_its_worker_did_not_get_is_not_sent_again_without_a_word_of_a_gate()
    {
        _bench.Run(Job());
        _bench.Pass(SlotContact.Term - Millisecond, Worker1);
        _bench.Join(Worker2);
        Assert.Single(Started(Worker2));
        _bench.Forget();

        _bench.Pass(Seconds(5), Worker1, Worker2);

        Assert.Empty(Started(Worker2));
    }

    [Fact]
    public void A_start_that_is_held_back_is_told_as_a_wait_for_a_gate_since_the_last_one_was_heard()
    {
        _bench.Run(Job());
        var lost = _bench.Wall + SlotContact.Term;
        _bench.Pass(SlotContact.Term - Millisecond, Worker1);
        _bench.Join(Worker2);
        _bench.Pass(Seconds(10), Worker1, Worker2);
        HeldBack(LastProgress(Slot()), lost);

        Answer(Slot());
        _bench.Pass(Seconds(1), Worker1, Worker2);
        var running = LastProgress(Slot());
        Assert.Equal((WorkflowPhase.Running, null, ""), (running.Phase, running.Wait, running.Reason));
    }

    [Fact]
    public void A_start_that_is_committed_after_the_last_word_of_a_gate_counted_is_held_back()
    {
        _bench.Run(Job());
        var lost = _bench.Wall + SlotContact.Term;
        _bench.Pass(SlotContact.Term - Millisecond, Worker1);
        _bench.IsDiskFast = false;
        _bench.Join(Worker2);
        _bench.Pass(Seconds(1), Worker1, Worker2);
        _bench.SetDisk(isFast: true);
        _bench.Pass(Seconds(1), Worker1, Worker2);

        Assert.Empty(Started(Worker2));
        // It has a core since the entry, which is later than the last word of a gate.
        HeldBack(LastProgress(Slot()), lost);
    }

    [Fact]
    public void A_start_that_cannot_be_sent_again_is_not_lost_and_no_retry_is_spent_on_it()
    {
        _bench.Receive(Gate, new Message.ReserveSlot(Slot(), 1, Job(), null, new RetryShare(5, 3, 2, 0)));
        _bench.Start();
        _bench.Pass(SlotContact.Term - Millisecond, Worker1);
        _bench.Join(Worker2);
        Assert.Equal([Attempt()], Started(Worker2));
        _bench.Forget();

        _bench.Pass(Seconds(60), Worker1, Worker2);
        Assert.True(_bench.Node.Ledger.IsLive(Attempt()));
        Answer(Slot());
        _bench.Pass(Seconds(1), Worker1, Worker2);
        Assert.Equal([Attempt()], Started(Worker2));

        // A worker that is asked and does not answer is given up all the same.
        _bench.IsGateThere = true;
        _bench.Pass(Seconds(15), Worker1, Worker2);
        Assert.Equal(1, _bench.Node.Ledger.Find(Slot())!.Budget.Consumed);
    }

    [Fact]
    public void Gates_are_asked_about_many_slots_at_moments_of_their_own()
    {
        const int Slots = 300;
        for (var job = 10; job < 10 + Slots; job++) _bench.Run(Job(), job);
        var asked = new SortedSet<SlotKey>();
        for (var tenth = 0; tenth < 50; tenth++)
        {
            _bench.Forget();
            _bench.Pass(SlotContact.AskInterval / 50, Worker1);
            var now = Asked(Gate);
            // Six are to be expected.
            Assert.True(now.Count < 20, $"{now.Count} at once");
            Assert.All(now, held => Assert.True(held.Slot == Slot() || asked.Add(held.Slot)));
        }

        Assert.Equal(Slots, asked.Count);
    }

    [Fact]
    public void A_new_primary_asks_about_so_many_slots_in_a_step_and_soon_about_all()
    {
        const int Slots = 600;
        for (var job = 10; job < 10 + Slots; job++) _bench.Run(Job(), job);
        _bench.Forget();
        _bench.Restart();

        Assert.InRange(Asked(OtherGate).Count, 200, 256);
        _bench.Pass(Millisecond * 20);
        Assert.Equal(Slots, Asked(OtherGate).Select(held => held.Slot).Distinct().Count());
    }

    [Fact]
    public void Gates_are_asked_about_a_slot_in_which_nothing_happens_and_all_of_them_where_one_is_silent()
    {
        _bench.Run(Job());

        _bench.Pass(SlotContact.AskInterval, Worker1);
        Assert.Single(Asked(Gate));
        Assert.Empty(Asked(OtherGate));

        _bench.Pass(SlotContact.AskInterval * 2, Worker1);
        Assert.Equal(3, Asked(Gate).Count);
        Assert.Equal(2, Asked(OtherGate).Count);
    }

    [Fact]
    public void An_answer_counts_from_the_sending_of_its_question()
    {
        _bench.Run(Job());
        _bench.Pass(SlotContact.AskInterval + Seconds(4), Worker1);
        var first = Asked(Gate)[0];
        Assert.Equal(NodeVerdict.Accepted, Tell(first));

        var end = new Instant(first.Question) + SlotContact.Term;
        _bench.Pass(end - _bench.Now - Millisecond, Worker1);
        _bench.Join(Worker2);
        Assert.Equal([Attempt()], Started(Worker2));

        _bench.Forget();
        _bench.Pass(Seconds(2), Worker1, Worker2);
        Assert.Empty(Started(Worker2));
    }

    [Fact]
    public void An_answer_that_takes_longer_than_the_next_question_counts_for_its_own()
    {
        _bench.Run(Job());
        _bench.Pass(SlotContact.AskInterval, Worker1);
        var first = Asked(Gate)[^1];
        _bench.Pass(SlotContact.AskInterval, Worker1);

        Assert.Equal(NodeVerdict.Accepted, Tell(first));
        _bench.Pass(SlotContact.Term - SlotContact.AskInterval, Worker1);
        _bench.Join(Worker2);
        Assert.Empty(Started(Worker2));
    }

    [Fact]
    public void An_answer_that_is_old_or_to_no_question_is_none()
    {
        _bench.Run(Job());
        _bench.Pass(SlotContact.AskInterval, Worker1);
        var first = Asked(Gate)[^1];
        _bench.Pass(SlotContact.AskInterval, Worker1);
        var next = Asked(Gate)[^1];

        Assert.Equal(NodeVerdict.Stale, Tell(next with { Boot = new BootId(99) }));
        Assert.Equal(NodeVerdict.Stale, Tell(next with { Question = next.Question + 1 }));
        Assert.Equal(NodeVerdict.Accepted, Tell(next));
        Assert.Equal(NodeVerdict.Stale, Tell(next));
        Assert.Equal(NodeVerdict.Stale, Tell(first));
        Assert.Equal(NodeVerdict.Unknown, Tell(Asked(Gate)[^1] with { Slot = Slot(7) }));
    }

    [Fact]
    public void A_new_primary_starts_nothing_before_a_gate_answered()
    {
        _bench.Run(Job());
        _bench.Restart();
        _bench.Join(Worker2);
        Assert.Empty(Started(Worker2));
        Assert.Single(Asked(OtherGate));

        Answer(Slot());

        Assert.Equal([Attempt()], Started(Worker2));
    }

    [Fact]
    public void Another_gate_that_leads_hears_of_the_slot_from_then_on()
    {
        _bench.Run(Job());
        _bench.Pass(SlotContact.AskInterval * 2, Worker1);
        var (slot, boot, question) = Asked(OtherGate)[^1];
        _bench.Forget();

        _bench.Receive(OtherGate, new Message.SlotWanted(slot, 2, boot, question));

        Assert.Equal(2, _bench.Node.Ledger.FenceOf(slot.Job));
        Assert.Equal(OtherGate, _bench.Node.Ledger.GateOf(slot.Job));
        Assert.Contains(new Message.SlotStarted(slot), _bench.SentTo(OtherGate));
        _bench.Pass(SlotContact.AskInterval, Worker1);
        Assert.Empty(Asked(Gate));
        Assert.Single(Asked(OtherGate));
    }

    [Fact]
    public void Nobody_is_asked_about_a_slot_that_has_ended_or_is_cancelled()
    {
        _bench.Run(Job());
        _bench.Receive(Gate, new Message.CancelSlot(Slot(), 1, "taken back"));
        _bench.Receive(Gate, new Message.CancelSlot(Slot(9), 1, "taken back"));
        _bench.Forget();

        _bench.Pass(SlotContact.AskInterval * 2, Worker1);

        Assert.Empty(_bench.SentTo<Message.SlotHeld>(Gate));
        Assert.NotEmpty(_bench.SentTo<Message.StopAttempt>(Worker1));
    }

    private IReadOnlyList<AttemptKey> Started(NodeId worker) =>
        [.. _bench.SentTo<Message.StartAttempt>(worker).Select(start => start.Attempt).Distinct()];

    private IReadOnlyList<Message.SlotHeld> Asked(NodeId gate) =>
        [.. _bench.SentTo<Message.SlotHeld>(gate).Where(held => held.Slot.Job != Slot(9).Job)];

    private WorkflowProgress LastProgress(SlotKey slot) => _bench.SentTo<Message.SlotProgressed>(Gate)
        .Last(progress => progress.Slot == slot).Workflows[0];

    private static void HeldBack(WorkflowProgress told, WallTime since)
    {
        Assert.Equal((WorkflowPhase.Queued, 1), (told.Phase, told.Attempt));
        Assert.Equal(new Wait(WaitReason.Contact, since), told.Wait);
        Assert.Equal(
            $"attempt 1 is not started at {Worker2}: waits for a gate to say that the job goes on",
            told.Reason);
    }

    private NodeVerdict Tell(Message.SlotHeld held) =>
        _bench.Receive(Gate, new Message.SlotWanted(held.Slot, 1, held.Boot, held.Question));

    private void Answer(SlotKey slot) =>
        Assert.Equal(NodeVerdict.Accepted, Tell(Asked(Gate).Last(held => held.Slot == slot)));
}
