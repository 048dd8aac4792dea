using CsCheck;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>The keys of a ledger against plain lists of what was committed.</summary>
public sealed class JobLedgerKeyHistoryTests
{
    private static readonly Gen<List<JobLedgerMove>> History = JobLedgerMove.Gen.List[0, 200];

    [Fact]
    public void A_key_has_one_job_at_a_time_and_what_is_settled_stays() => History.Sample(moves =>
    {
        var bench = new JobLedgerBench(endedPerGroupMax: 3);
        foreach (var move in moves)
        {
            var (group, command) = move.Meaning(bench.Ledger);
            var before = EntriesOf(bench.Ledger, group);
            bench.When(command, group);
            var after = EntriesOf(bench.Ledger, group);
            foreach (var (key, old) in before)
            {
                if (!after.TryGetValue(key, out var entry))
                {
                    // Only a withdrawal frees a key, and only expiry takes one that is settled.
                    Assert.True(command is JobCommand.JobWithdrawn or JobCommand.KeysExpired);
                    Assert.Equal(
                        command is JobCommand.JobWithdrawn, old.Status == IdempotencyStatus.Pending);
                    continue;
                }

                Assert.Equal(
                    (old.Job, old.Fingerprint, old.Created), (entry.Job, entry.Fingerprint, entry.Created));
                if (old.Status == IdempotencyStatus.Pending) continue;
                Assert.Equal(
                    (old.Status, old.Answer, old.Settled), (entry.Status, entry.Answer, entry.Settled));
            }

            var jobs = after.Values.Where(entry => entry.Job is not null).Select(entry => entry.Job).ToList();
            Assert.Equal(jobs.Count, jobs.Distinct().Count());
        }
    });

    [Fact]
    public void A_key_commits_with_the_first_start_of_its_job_or_with_its_end() => History.Sample(moves =>
    {
        var bench = new JobLedgerBench(endedPerGroupMax: 1000);
        foreach (var move in moves)
        {
            var (group, command) = move.Meaning(bench.Ledger);
            bench.When(command, group);
            foreach (var entry in EntriesOf(bench.Ledger, group).Values.Where(entry => entry.Job is not null))
            {
                var job = bench.Job(entry.Job!.Value);
                // A job that is cancelled before anything of it started stays open until it ends.
                var isPromised = job.IsEnded || job.State == JobState.Running;
                if (isPromised) Assert.Equal(IdempotencyStatus.Committed, entry.Status);
                Assert.Equal(job.Ended, entry.Ended);
            }
        }
    });

    [Fact]
    public void What_is_kept_of_ended_keys_is_bounded_by_what_the_log_says() => History.Sample(moves =>
    {
        var bench = new JobLedgerBench();
        foreach (var move in moves)
        {
            var (group, command) = move.Meaning(bench.Ledger);
            bench.When(command, group);
            if (command is not JobCommand.KeysExpired expired) continue;
            var keys = bench.Ledger.KeysOf(group)!;
            Assert.True(keys.EndedCount <= expired.Retention.EntriesMax);
            Assert.True(keys.TombstoneCount <= expired.Retention.EntriesMax);
            Assert.True(keys.ClientCount <= expired.Retention.EntriesMax);
            Assert.False(keys.IsExpiryDue(
                expired.Retention, new WallTime(bench.Ledger.AppliedOp(group) * 1000)));
        }
    });

    [Fact]
    public void A_used_up_key_never_makes_a_second_job_while_anything_of_it_is_known() =>
        History.Sample(moves =>
        {
            var bench = new JobLedgerBench(endedPerGroupMax: 1000);
            foreach (var move in moves)
            {
                var (group, command) = move.Meaning(bench.Ledger);
                var found = command is JobCommand.JobCreated { Reserved: { } reserved }
                    ? bench.Ledger.Look(group, reserved.Key)
                    : default;
                var count = bench.Ledger.Count;
                var verdict = bench.When(command, group);
                if (found.Standing == KeyStanding.Free) continue;
                Assert.Equal(count, bench.Ledger.Count);
                Assert.NotEqual(JobVerdict.Applied, verdict);
            }
        });

    private static SortedDictionary<IdempotencyKey, IdempotencyEntry> EntriesOf(
        JobLedger ledger, int group) =>
        new((ledger.KeysOf(group)?.Entries ?? []).ToDictionary(entry => entry.Key));
}
