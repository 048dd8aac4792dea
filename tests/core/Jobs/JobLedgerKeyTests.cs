using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Stamps are a thousand times the op: an entry is a second later than the one before.</summary>
public sealed class JobLedgerKeyTests
{
    private static readonly IdempotencyKey Key = KeyGens.Opaque("order-1");

    private static readonly KeyRetention Retention =
        new(Duration.FromSeconds(10), Duration.FromSeconds(4), EntriesMax: 100);

    private readonly JobLedgerBench _bench = new();

    private KeyFinding Found => _bench.Ledger.Look(0, Key);

    [Fact]
    public void A_submission_reserves_its_key_with_the_entry_that_creates_the_job()
    {
        var job = Submit();

        Assert.Equal(KeyStanding.Held, Found.Standing);
        Assert.Equal((IdempotencyStatus.Pending, job), (Found.Entry!.Status, Found.Entry.Job));
        Assert.Equal(new WallTime(1000), Found.Entry.Created);
        Assert.Equal(Key, _bench.Job(job).Key);
    }

    [Fact]
    public void A_second_creation_of_the_key_makes_no_second_job()
    {
        var job = Submit();

        Assert.Equal(JobVerdict.Duplicate, Create());
        Assert.Equal(1, _bench.Ledger.Count);
        Assert.Equal(job, Found.Entry!.Job);
    }

    [Fact]
    public void A_creation_of_the_key_with_another_payload_makes_no_job()
    {
        Submit();

        Assert.Equal(JobVerdict.Conflict, Create(payload: 2));
        Assert.Equal(1, _bench.Ledger.Count);
        Assert.Equal(KeyGens.Payload(1), Found.Entry!.Fingerprint);
    }

    [Fact]
    public void The_first_start_commits_the_key()
    {
        var job = Submit(count: 2);
        _bench.Assign(job, 0, "east");
        Assert.Equal(IdempotencyStatus.Pending, Found.Entry!.Status);

        _bench.Start(job, 1, "west");
        Assert.Equal(IdempotencyStatus.Committed, Found.Entry!.Status);
        var settled = Found.Entry.Settled;
        _bench.When(new JobCommand.SlotStarting(new SlotKey(job, 0, 1)));
        Assert.Equal(settled, Found.Entry.Settled);
    }

    [Fact]
    public void A_withdrawal_ends_the_job_and_frees_the_key()
    {
        var job = Submit();
        _bench.Assign(job, 0, "east");
        Assert.Equal(JobVerdict.Applied, _bench.When(new JobCommand.JobWithdrawn(job, "nobody took it")));

        Assert.Equal(KeyStanding.Free, Found.Standing);
        Assert.Equal(JobState.Failed, _bench.Job(job).State);
        Assert.Contains("nobody took it", _bench.Job(job).Reason, StringComparison.Ordinal);
        Assert.NotEqual(job, Submit());
    }

    [Fact]
    public void What_may_have_been_started_is_not_withdrawn()
    {
        var job = Submit();
        var slot = _bench.Start(job, 0, "east");
        Assert.Equal(JobVerdict.Conflict, _bench.When(new JobCommand.JobWithdrawn(job, "too slow")));

        // Refused after all: its answer was given all the same.
        _bench.When(new JobCommand.SlotReleased(slot, "no"));
        Assert.Equal(JobVerdict.Conflict, _bench.When(new JobCommand.JobWithdrawn(job, "too slow")));
        Assert.Equal(job, Found.Entry!.Job);
    }

    [Fact]
    public void A_job_without_a_key_is_not_withdrawn()
    {
        var job = _bench.Create(Specs.Job());
        Assert.Equal(JobVerdict.Conflict, _bench.When(new JobCommand.JobWithdrawn(job, "too slow")));
    }

    [Fact]
    public void A_job_that_ends_while_its_key_is_pending_commits_it()
    {
        var job = Submit();
        _bench.When(new JobCommand.CancelRequested(job));

        Assert.Equal(JobState.Cancelled, _bench.Job(job).State);
        Assert.Equal((IdempotencyStatus.Committed, job), (Found.Entry!.Status, Found.Entry.Job));
        Assert.Equal(Found.Entry.Settled, Found.Entry.Ended);
    }

    [Fact]
    public void A_final_refusal_is_kept_with_its_reason()
    {
        var refused = new JobCommand.JobRefused(KeyGens.Reserve(Key), "no such datacenter");
        Assert.Equal(JobVerdict.Applied, _bench.When(refused));

        Assert.Equal(
            (IdempotencyStatus.Rejected, "no such datacenter", null),
            (Found.Entry!.Status, Found.Entry.Answer, Found.Entry.Job));
        Assert.Equal(JobVerdict.Duplicate, Create());
        Assert.Equal(0, _bench.Ledger.Count);
    }

    [Fact]
    public void An_answer_is_kept_while_its_job_lives_however_long_and_a_term_more()
    {
        var job = Submit();
        var slot = _bench.Start(job, 0, "east");
        Pass(seconds: 100);
        Assert.Equal(JobVerdict.Duplicate, Expire());
        _bench.Report(slot);
        Pass(seconds: 8);
        Assert.Equal(JobVerdict.Duplicate, Expire());
        Assert.Equal(IdempotencyStatus.Committed, Found.Entry!.Status);

        Assert.Equal(JobVerdict.Applied, Expire());
        Assert.Equal((KeyStanding.Expired, job), (Found.Standing, Found.Job));
        Assert.Equal(JobVerdict.KeyExpired, Create());
    }

    [Fact]
    public void An_opaque_key_is_forgotten_a_term_after_it_expired()
    {
        End(Submit());
        Pass(seconds: 10);
        Expire();
        Pass(seconds: 8);
        Expire();
        Assert.Equal(KeyStanding.Expired, Found.Standing);
        Expire();
        Assert.Equal(KeyStanding.Free, Found.Standing);
    }

    [Fact]
    public void A_rejection_has_a_term_of_its_own()
    {
        _bench.When(new JobCommand.JobRefused(KeyGens.Reserve(Key), "no"));
        Pass(seconds: 3);
        Assert.Equal(JobVerdict.Applied, Expire());
        Assert.Equal((KeyStanding.Expired, null), (Found.Standing, Found.Job));
    }

    [Fact]
    public void Of_a_structured_key_it_stays_known_for_good_that_its_sequence_is_used_up()
    {
        var fifth = IdempotencyKey.Of("client", 5, 9);
        End(Submit(fifth));
        Pass(seconds: 10);
        Expire();
        Pass(seconds: 10);
        Expire();

        Assert.Equal(KeyStanding.Expired, _bench.Ledger.Look(0, fifth).Standing);
        Assert.Null(_bench.Ledger.Look(0, fifth).Job);
        Assert.Equal(KeyStanding.Expired, _bench.Ledger.Look(0, IdempotencyKey.Of("client", 4, 9)).Standing);
        Assert.Equal(KeyStanding.Free, _bench.Ledger.Look(0, IdempotencyKey.Of("client", 6, 9)).Standing);
        Assert.Equal(KeyStanding.Free, _bench.Ledger.Look(0, IdempotencyKey.Of("client", 5, 8)).Standing);
        Assert.Equal(JobVerdict.KeyExpired, Create(key: fifth));
    }

    [Fact]
    public void The_oldest_answers_make_room_and_that_is_counted()
    {
        for (var i = 0; i < 4; i++) End(Submit(KeyGens.Opaque($"k{i}")));
        Submit();
        Assert.Equal(JobVerdict.Applied, Expire(Retention with { EntriesMax = 2 }));

        Assert.Equal(KeyStanding.Expired, _bench.Ledger.Look(0, KeyGens.Opaque("k0")).Standing);
        Assert.Equal(KeyStanding.Expired, _bench.Ledger.Look(0, KeyGens.Opaque("k1")).Standing);
        Assert.Equal(KeyStanding.Held, _bench.Ledger.Look(0, KeyGens.Opaque("k2")).Standing);
        // However few may be kept, a job that lives keeps its key.
        Assert.Equal(KeyStanding.Held, Found.Standing);
        Assert.Equal(2, _bench.Ledger.KeysOf(0)!.EvictedEarly);
    }

    [Fact]
    public void A_key_is_known_to_its_own_group_alone()
    {
        Submit();
        Assert.Equal(KeyStanding.Free, _bench.Ledger.Look(1, Key).Standing);
    }

    [Fact]
    public void Keys_survive_in_the_groups_bytes()
    {
        Submit();
        End(Submit(IdempotencyKey.Of("client", 5, 9)));
        _bench.When(new JobCommand.JobRefused(KeyGens.Reserve(KeyGens.Opaque("bad")), "no"));
        Pass(seconds: 12);
        Expire();
        var entry = Found.Entry;
        _bench.Restore();
        Assert.Equal(entry, Found.Entry);
        Assert.Equal(
            KeyStanding.Expired, _bench.Ledger.Look(0, IdempotencyKey.Of("client", 5, 9)).Standing);
    }

    private JobId Submit(IdempotencyKey? key = null, int count = 1)
    {
        Assert.Equal(JobVerdict.Applied, Create(key: key, count: count));
        return new JobId(0, _bench.Ledger.AppliedOp(0));
    }

    private JobVerdict Create(int payload = 1, IdempotencyKey? key = null, int count = 1) =>
        _bench.When(new JobCommand.JobCreated(Specs.Job(count: count), KeyGens.Reserve(key ?? Key, payload)));

    private void End(JobId job) => _bench.When(new JobCommand.CancelRequested(job));

    private JobVerdict Expire(KeyRetention? retention = null) =>
        _bench.When(new JobCommand.KeysExpired(retention ?? Retention));

    /// <summary>Entries that change nothing, one a second.</summary>
    private void Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++) _bench.When(new JobCommand.CancelRequested(new JobId(0, 9999)));
    }
}
