using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Submissions with a key at the gate that leads the key's group (AD-40).</summary>
public sealed class GateKeyTests
{
    private static readonly IdempotencyKey Key = KeyGens.Opaque("order-1");
    private static readonly IdempotencyConfig Keys = IdempotencyConfig.Default;
    private static readonly JobId Job = new(0, 2);

    private GateBench _bench = new();

    [Fact]
    public void A_submission_is_answered_once_its_first_slot_may_start()
    {
        Assert.Empty(Replies(Submit(1)));
        var slot = _bench.Reserve(Job, 0, GateBench.East);
        var reserve = _bench.Sent.Select(sent => sent.Message).OfType<Message.ReserveSlot>().Single();
        Assert.Equal(Key, reserve.Key);

        Assert.Equal([(1, Accepted(false))], Replies(Start(slot)));
        Assert.Equal(IdempotencyStatus.Committed, _bench.Gate.Ledger.Look(0, Key).Entry!.Status);
        Assert.Equal(GateBench.GateA, _bench.Gate.Ledger.Look(0, Key).Entry!.SourceGate);
    }

    [Fact]
    public void Without_a_key_every_submission_is_a_job_of_its_own_and_the_answer_says_so()
    {
        var submit = new ClientRequest.SubmitJob(Specs.Job());
        var first = Only<ClientResponse.Accepted>(_bench.Ask(submit, 1));
        var second = Only<ClientResponse.Accepted>(_bench.Ask(submit, 2));
        Assert.NotEqual(first.Job, second.Job);
        Assert.False(first.IsDeduplicated);
    }

    [Fact]
    public void Repeats_of_a_pending_submission_wait_and_get_the_answer_of_the_first()
    {
        _bench.IsDiskFast = false;
        Submit(1);
        // Before the entry is on disk, and after.
        Assert.Empty(Replies(Submit(2)));
        _bench.Persist();
        Assert.Empty(Replies(Submit(3)));
        _bench.IsDiskFast = true;

        Assert.Equal(
            [(1, Accepted(false)), (2, Accepted(true)), (3, Accepted(true))],
            Replies(Start(_bench.Reserve(Job, 0, GateBench.East))));
        Assert.Equal(1, _bench.Gate.Ledger.Count);
    }

    [Fact]
    public void What_no_worker_can_run_leaves_no_job_and_its_key_is_free()
    {
        _bench = new GateBench(GateBench.OneManagerEach);
        _bench.Heartbeat("east", GateBench.East, largest: 2);
        _bench.Heartbeat("west", GateBench.West, largest: 2);
        var large = new ClientRequest.SubmitJob(Specs.Job(cores: 3), Key);
        for (var request = 1; request <= 2; request++)
        {
            var refused = Only<ClientResponse.Unavailable>(_bench.Ask(large, request));
            Assert.StartsWith("no worker is large enough: ", refused.Reason, StringComparison.Ordinal);
        }

        Assert.Equal(0, _bench.Gate.Ledger.Count);
        _bench.Heartbeat("west", GateBench.West, largest: 4);
        Assert.Empty(Replies(_bench.Ask(large, 3)));
        Assert.Equal("west", Assert.Single(_bench.Gate.Ledger.All).Slots[0].Datacenter);
    }

    [Fact]
    public void A_repeat_after_the_answer_gets_it_at_once_even_when_the_job_has_ended()
    {
        Run();
        Assert.Equal([(2, Accepted(true))], Replies(Submit(2)));
        _bench.Receive(GateBench.East, new Message.SlotFinished(Slot, Specs.Outcome(SlotState.Completed)));
        Assert.True(_bench.Job(Job).IsEnded);
        Assert.Equal([(3, Accepted(true))], Replies(Submit(3)));
        Assert.Equal(1, _bench.Gate.Ledger.Count);
    }

    [Fact]
    public void Waiting_ends_with_pending_and_never_with_a_second_job()
    {
        Submit(1);
        Submit(2);
        _bench.Pass(Keys.PendingWaitTimeout);
        Assert.Equal(
            [(1, new ClientResponse.Pending(Duration.FromSeconds(1))),
                (2, new ClientResponse.Pending(Duration.FromSeconds(1)))],
            Replies(_bench.History));

        Assert.Empty(Replies(Submit(3)));
        Assert.Equal(1, _bench.Gate.Ledger.Count);
        Assert.Equal([(3, Accepted(true))], Replies(Start(Slot)));
    }

    [Fact]
    public void Where_repeats_do_not_wait_they_are_told_at_once()
    {
        _bench = BenchWith(Keys with { WaitForPending = false });
        Submit(1);
        Assert.Equal([(2, new ClientResponse.Pending(Duration.FromSeconds(1)))], Replies(Submit(2)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Another_payload_under_the_key_does_nothing_and_both_fingerprints_are_named(bool isSettled)
    {
        if (isSettled) Run();
        else Submit(1);
        var other = Specs.Job(name: "other");
        var replies = Replies(_bench.Ask(new ClientRequest.SubmitJob(other, Key), 2));

        var reused = Assert.IsType<ClientResponse.KeyReused>(Assert.Single(replies).Response);
        Assert.Equal((FingerprintOf(Specs.Job()), FingerprintOf(other)), (reused.Stored, reused.Given));
        Assert.Equal(1, _bench.Gate.Ledger.Count);
        Assert.DoesNotContain(_bench.Gate.Ledger.All, job => job.Spec.Name == "other");
    }

    [Fact]
    public void A_job_that_can_never_run_is_rejected_for_good_and_its_repeats_are_told_the_same()
    {
        var wrong = new ClientRequest.SubmitJob(Specs.Job(count: 9), Key);
        var first = Only<ClientResponse.Rejected>(_bench.Ask(wrong, 1));
        Assert.Contains("$.datacenters.count is 9", first.Reason, StringComparison.Ordinal);
        Assert.False(first.WasDuplicate);

        Assert.Equal([(2, first with { WasDuplicate = true })], Replies(_bench.Ask(wrong, 2)));
        _bench.Restart();
        Assert.Equal([(3, first with { WasDuplicate = true })], Replies(_bench.Ask(wrong, 3)));
        Assert.Equal(0, _bench.Gate.Ledger.Count);
    }

    [Fact]
    public void When_every_datacenter_refuses_it_is_unavailable_and_the_key_may_be_tried_again()
    {
        Submit(1);
        Submit(2);
        Refuse(GateBench.East);
        var effects = Refuse(GateBench.West);

        Assert.Equal([1, 2], Replies(effects).Select(reply => reply.Id));
        Assert.All(
            Replies(effects).Select(reply => Assert.IsType<ClientResponse.Unavailable>(reply.Response)),
            reply => Assert.Contains("no core", reply.Reason, StringComparison.Ordinal));
        Assert.Equal(KeyStanding.Free, _bench.Gate.Ledger.Look(0, Key).Standing);
        Assert.Equal(JobState.Failed, _bench.Job(Job).State);

        Submit(3);
        var job = _bench.Gate.Ledger.Live.Single().Id;
        Assert.NotEqual(Job, job);
        Assert.Equal(
            [(3, new ClientResponse.Accepted(job, false, true))],
            Replies(Start(_bench.Reserve(job, 0, GateBench.East))));
    }

    [Fact]
    public void One_refusal_of_two_is_no_withdrawal()
    {
        Submit(1);
        Assert.Empty(Replies(Refuse(GateBench.East)));
        Assert.Equal([(1, Accepted(false))], Replies(Start(_bench.Reserve(Job, 0, GateBench.West))));
    }

    [Fact]
    public void A_submission_that_no_datacenter_takes_in_time_is_withdrawn_and_taken_back_there()
    {
        Submit(1);
        _bench.Pass(Keys.PendingTtl);
        Assert.Equal(KeyStanding.Free, _bench.Gate.Ledger.Look(0, Key).Standing);
        Assert.True(_bench.Job(Job).IsEnded);
        Assert.Contains(
            _bench.Sent, sent => sent.Message is Message.CancelSlot { Slot: var slot } && slot == Slot);
        // The datacenter's late yes starts nothing.
        Assert.DoesNotContain(GateBench.SentIn(Start(Slot)), sent => sent.Message is Message.StartSlot);
    }

    [Fact]
    public void A_start_that_is_on_its_way_wins_over_the_withdrawal()
    {
        Submit(1);
        _bench.Pass(Keys.PendingTtl - Duration.FromSeconds(1));
        _bench.Forget();
        _bench.IsDiskFast = false;
        Start(Slot);
        _bench.Pass(Duration.FromSeconds(5));
        _bench.Persist();

        Assert.Equal(JobState.Running, _bench.Job(Job).State);
        Assert.Equal(IdempotencyStatus.Committed, _bench.Gate.Ledger.Look(0, Key).Entry!.Status);
    }

    [Fact]
    public void A_job_that_is_cancelled_while_pending_is_the_answer_all_the_same()
    {
        Submit(1);
        _bench.Ask(new ClientRequest.CancelJob(Job), 9);
        var effects = _bench.Receive(GateBench.East, new Message.SlotRefused(Slot, "cancelled"));
        Assert.Equal([(1, Accepted(false))], Replies(effects));
        Assert.Equal(JobState.Cancelled, _bench.Job(Job).State);
    }

    [Fact]
    public void After_a_crash_the_pending_job_is_driven_on_and_repeats_find_it()
    {
        Submit(1);
        _bench.Restart();
        _bench.Forget();
        Assert.Empty(Replies(Submit(2)));
        _bench.Pass(Duration.FromSeconds(1));
        Assert.Equal([(2, Accepted(true))], Replies(Start(_bench.Reserve(Job, 0, GateBench.East))));
        Assert.Equal(1, _bench.Gate.Ledger.Count);
    }

    [Fact]
    public void A_crash_before_the_entry_is_durable_leaves_the_key_free_and_nothing_promised()
    {
        _bench.IsDiskFast = false;
        Assert.Empty(Submit(1));
        _bench.Restart();
        _bench.IsDiskFast = true;
        _bench.Persist();
        Assert.Equal(KeyStanding.Free, _bench.Gate.Ledger.Look(0, Key).Standing);
        Submit(2);
        Assert.Equal(1, _bench.Gate.Ledger.Count);
    }

    [Fact]
    public void After_its_time_to_live_a_key_is_expired_and_names_its_job()
    {
        Run();
        _bench.Receive(GateBench.East, new Message.SlotFinished(Slot, Specs.Outcome(SlotState.Completed)));
        _bench.Pass(Keys.CommittedTtl + Keys.CleanupInterval);
        Assert.Equal([(5, new ClientResponse.KeyExpired(Job))], Replies(Submit(5)));

        _bench.Restart();
        Assert.Equal([(6, new ClientResponse.KeyExpired(Job))], Replies(Submit(6)));
        _bench.Pass(Keys.CommittedTtl + (Keys.CleanupInterval * 2));
        // An opaque key that is older than its memory is a new one.
        _bench.Heartbeat("east", GateBench.East);
        Assert.Empty(Replies(Submit(7)));
    }

    [Fact]
    public void An_answer_is_kept_however_long_its_job_lives()
    {
        Run(Specs.Job(bestEffort: Specs.BestEffort(1, Duration.FromMinutes(50))));
        for (var i = 0; i < 10; i++) _bench.Pass(Duration.FromMinutes(4));
        Assert.False(_bench.Job(Job).IsEnded);
        Assert.Equal(KeyStanding.Held, _bench.Gate.Ledger.Look(0, Key).Standing);
    }

    [Fact]
    public void Too_many_answers_are_given_up_oldest_first_and_that_is_told()
    {
        _bench = BenchWith(Keys with { MaxEntries = 2 });
        for (var i = 0; i < 4; i++)
        {
            var wrong = new ClientRequest.SubmitJob(Specs.Job(count: 9), KeyGens.Opaque($"k{i}"));
            _bench.Ask(wrong, i);
        }

        _bench.Pass(Keys.CleanupInterval);
        Assert.Equal(2, _bench.Gate.Ledger.KeysOf(0)!.EndedCount);
        Assert.Equal(KeyStanding.Expired, _bench.Gate.Ledger.Look(0, KeyGens.Opaque("k0")).Standing);
        Assert.Contains(_bench.Told, told => told is TelemetryEvent.KeysEvicted { Evicted: > 0 });
    }

    [Fact]
    public void Pending_submissions_fill_the_cache_only_so_far_and_more_are_turned_away()
    {
        _bench = BenchWith(Keys with { MaxEntries = 2 });
        foreach (var i in new[] { 0, 1, 2 })
            _bench.Ask(new ClientRequest.SubmitJob(Specs.Job(), KeyGens.Opaque($"k{i}")), i);

        Only<ClientResponse.Unavailable>(_bench.History);
        Assert.Equal(2, _bench.Gate.Ledger.Count);
    }

    [Fact]
    public void Waiters_are_bounded_and_the_rest_is_told_that_it_is_pending()
    {
        _bench = new GateBench(config: GateConfig.Default with { WaitersMax = 2 });
        Submit(1);
        Submit(2);
        Only<ClientResponse.Pending>(Submit(3));
    }

    [Fact]
    public void A_gate_that_stops_says_that_the_outcome_is_unknown()
    {
        Submit(1);
        Submit(2);
        var replies = Replies(_bench.When(new NodeInput.Shutdown()));
        Assert.Equal([1, 2], replies.Select(reply => reply.Id));
        Assert.All(replies, reply => Assert.IsType<ClientResponse.OutcomeUnknown>(reply.Response));
    }

    private SlotKey Slot => new(Job, 0, _bench.Job(Job).Slots[0].Epoch);

    private static ClientResponse.Accepted Accepted(bool wasDuplicate) =>
        new(Job, wasDuplicate, IsDeduplicated: true);

    private static PayloadFingerprint FingerprintOf(JobSpec spec) =>
        PayloadFingerprint.Of(spec, JobFields.Write);

    private static GateBench BenchWith(IdempotencyConfig keys) =>
        new(config: GateConfig.Default with { Idempotency = keys });

    private static T Only<T>(IEnumerable<NodeEffect> effects) =>
        Assert.IsType<T>(Assert.Single(Replies(effects)).Response);

    private static List<(long Id, ClientResponse Response)> Replies(IEnumerable<NodeEffect> effects) =>
        [.. effects.OfType<NodeEffect.Reply>().Select(reply => (reply.RequestId, reply.Response))];

    private IReadOnlyList<NodeEffect> Submit(long requestId, JobSpec? spec = null) =>
        _bench.Ask(new ClientRequest.SubmitJob(spec ?? Specs.Job(), Key), requestId);

    private IReadOnlyList<NodeEffect> Start(SlotKey slot)
    {
        var datacenter = _bench.Job(slot.Job).Slots[slot.Slot].Datacenter;
        var manager = datacenter == "west" ? GateBench.West : GateBench.East;
        return _bench.Receive(manager, new Message.SlotReserved(slot, Duration.Zero));
    }

    private void Run(JobSpec? spec = null)
    {
        Submit(1, spec);
        Start(_bench.Reserve(Job, 0, GateBench.East));
        _bench.Receive(GateBench.East, new Message.SlotStarted(Slot));
    }

    private IReadOnlyList<NodeEffect> Refuse(NodeId manager) =>
        _bench.Receive(manager, new Message.SlotRefused(_bench.Reserve(Job, 0, manager), "no core is free"));
}
