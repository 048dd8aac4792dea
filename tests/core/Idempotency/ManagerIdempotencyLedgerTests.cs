using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Idempotency;

public sealed class ManagerIdempotencyLedgerTests
{
    private static readonly IdempotencyKey Key = KeyGens.Opaque("order-1");
    private static readonly JobId Job = new(0, 1);
    private static readonly JobId Other = new(0, 2);

    private static readonly KeyRetention Retention =
        new(Duration.FromSeconds(10), Duration.FromSeconds(4), EntriesMax: 100);

    private readonly ManagerIdempotencyLedger _ledger = new();

    [Fact]
    public void A_second_dispatch_of_a_job_finds_the_first_by_id_and_by_key()
    {
        Assert.Equal(DispatchStanding.Reserved, Reserve(Job));
        Assert.Equal(DispatchStanding.Held, Reserve(Job));
        Assert.Equal(IdempotencyStatus.Pending, _ledger.GetByJob(Job)!.Status);
        Assert.Same(_ledger.GetByJob(Job), _ledger.GetByKey(Key));
    }

    [Fact]
    public void Another_job_of_the_key_is_not_taken_while_the_first_is_here_or_ran_here()
    {
        Reserve(Job);
        Assert.Equal(DispatchStanding.KeyTaken, Reserve(Other));
        _ledger.Commit(Job, At(2));
        Assert.Equal(DispatchStanding.KeyTaken, Reserve(Other));
        _ledger.Reject(Job, "forgotten", At(3));
        Assert.Equal(DispatchStanding.KeyTaken, Reserve(Other));
        Assert.Equal(Job, _ledger.GetByKey(Key)!.Job);
    }

    [Fact]
    public void What_was_let_go_of_before_it_started_leaves_the_key_to_another_job()
    {
        Reserve(Job);
        _ledger.Reject(Job, "expired", At(2));
        Assert.Equal((IdempotencyStatus.Rejected, "expired"), StateOf(Job));

        Assert.Equal(DispatchStanding.Reserved, Reserve(Other));
        Assert.Equal(Other, _ledger.GetByKey(Key)!.Job);
        Assert.Equal(DispatchStanding.KeyTaken, Reserve(Job));
    }

    [Fact]
    public void A_job_that_was_let_go_of_may_be_given_back()
    {
        Reserve(Job);
        _ledger.Reject(Job, "refused", At(2));
        Assert.Equal(DispatchStanding.Reserved, Reserve(Job));
        Assert.Equal((IdempotencyStatus.Pending, ""), StateOf(Job));
    }

    [Fact]
    public void A_job_that_ran_never_runs_again()
    {
        Reserve(Job);
        _ledger.Commit(Job, At(2));
        _ledger.Reject(Job, "over", At(3));
        Assert.Equal((IdempotencyStatus.Committed, ""), StateOf(Job));
        Assert.Equal(DispatchStanding.Over, Reserve(Job));
    }

    [Fact]
    public void An_entry_leaves_a_term_after_the_job_left_and_not_before()
    {
        Reserve(Job);
        _ledger.Commit(Job, At(2));
        Assert.False(_ledger.Expire(Retention, At(1000)));
        _ledger.Reject(Job, "over", At(1000));
        Assert.False(_ledger.IsExpiryDue(Retention, At(1009)));
        Assert.False(_ledger.Expire(Retention, At(1009)));
        Assert.True(_ledger.IsExpiryDue(Retention, At(1010)));
        Assert.True(_ledger.Expire(Retention, At(1010)));
        Assert.Null(_ledger.GetByJob(Job));
        Assert.Null(_ledger.GetByKey(Key));
    }

    [Fact]
    public void The_oldest_of_too_many_leave_first_those_that_never_ran_and_that_is_counted()
    {
        for (var i = 0; i < 4; i++)
        {
            var job = new JobId(1, i);
            _ledger.CheckOrReserve(null, job, At(i));
            if (i < 2) _ledger.Commit(job, At(i));
            _ledger.Reject(job, "over", At(i));
        }

        Assert.True(_ledger.Expire(Retention with { EntriesMax = 1 }, At(4)));
        Assert.Equal(3, _ledger.EvictedEarly);
        Assert.Equal(new JobId(1, 1), Assert.Single(_ledger.Entries).Job);
    }

    [Fact]
    public void It_comes_back_from_its_bytes_as_it_was()
    {
        Reserve(Job);
        _ledger.Reject(Job, "expired", At(2));
        Reserve(Other);
        _ledger.CheckOrReserve(null, new JobId(1, 1), At(3));
        _ledger.Commit(new JobId(1, 1), At(4));
        var writer = new FieldWriter();
        ManagerIdempotencyLedger.Write(writer, _ledger);
        var reader = new FieldReader(writer.Written);
        var back = ManagerIdempotencyLedger.Read(ref reader);

        Assert.Null(reader.Fault);
        back.CheckInvariants();
        Assert.Equal(FingerprintOf(_ledger), FingerprintOf(back));
        Assert.Equal(_ledger.Entries, back.Entries);
    }

    private static WallTime At(long seconds) => new(seconds * 1000);

    private static ulong FingerprintOf(ManagerIdempotencyLedger ledger)
    {
        var fingerprint = default(Fingerprint);
        ledger.AddTo(ref fingerprint);
        return fingerprint.Value;
    }

    private (IdempotencyStatus Status, string Answer) StateOf(JobId job) =>
        (_ledger.GetByJob(job)!.Status, _ledger.GetByJob(job)!.Answer);

    private DispatchStanding Reserve(JobId job)
    {
        var standing = _ledger.CheckOrReserve(Key, job, At(1));
        _ledger.CheckInvariants();
        return standing;
    }
}
