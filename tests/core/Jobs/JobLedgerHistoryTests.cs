using System.Collections.Concurrent;
using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobLedgerHistoryTests
{
    private static readonly Gen<List<JobLedgerMove>> History = JobLedgerMove.Gen.List[0, 120];

    [Fact]
    public void Every_history_makes_of_its_jobs_what_the_list_of_their_entries_says() =>
        History.Sample(moves =>
        {
            var bench = new JobLedgerBench(endedPerGroupMax: 1000);
            var models = new SortedDictionary<JobId, JobLedgerModel>();
            foreach (var move in moves)
            {
                var (group, command) = move.Meaning(bench.Ledger);
                var verdict = bench.When(command, group);
                Note(models, bench, group, command, verdict);
            }

            foreach (var job in bench.Ledger.All)
            {
                var model = models[job.Id];
                Assert.Equal(model.State, job.State);
                Assert.Equal(model.Outcomes, job.Slots.Select(slot => slot.Outcome));
                foreach (var slot in job.Slots) Assert.True(model.Starters(slot.Slot).Count <= 1);
            }
        });

    [Fact]
    public void What_has_ended_stays_as_it_is_and_an_outcome_stays_with_its_slot() => History.Sample(moves =>
    {
        var bench = new JobLedgerBench(endedPerGroupMax: 1000);
        foreach (var move in moves)
        {
            var before = bench.Ledger.All.ToList();
            var (group, command) = move.Meaning(bench.Ledger);
            bench.When(command, group);
            foreach (var old in before)
            {
                var job = bench.Job(old.Id);
                if (old.IsEnded)
                    Assert.Equal((old.State, old.Reason, old.Ended), (job.State, job.Reason, job.Ended));
                foreach (var slot in old.Slots.Where(slot => slot.Outcome is not null))
                    Assert.Same(slot.Outcome, job.Slots[slot.Slot].Outcome);
            }
        }
    });

    [Fact]
    public void Every_command_repeated_changes_nothing() => History.Sample(moves =>
    {
        var bench = new JobLedgerBench();
        foreach (var move in moves)
        {
            var (group, command) = move.Meaning(bench.Ledger);
            bench.When(command, group);
            var fingerprint = bench.Fingerprint;
            var op = bench.Ledger.AppliedOp(group);
            Assert.Equal(JobVerdict.Duplicate, bench.Ledger.Apply(group, op, new WallTime(1), command));
            Assert.Equal(fingerprint, bench.Fingerprint);

            // The same creation in another entry is another job, unless a key says that it is not.
            if (command is JobCommand.JobCreated { Reserved: null }) continue;
            // A moment later more may be due.
            if (command is JobCommand.KeysExpired) continue;
            var before = bench.Ledger.All.ToList();
            var late = bench.Ledger.LateOutcomes;
            Assert.NotEqual(JobVerdict.Applied, bench.When(command, group));
            Assert.True(before.SequenceEqual(bench.Ledger.All, ReferenceEqualityComparer.Instance));
            Assert.Equal(late, bench.Ledger.LateOutcomes);
        }
    });

    [Fact]
    public void A_ledger_restored_now_and_then_goes_on_like_the_one_that_was_not() =>
        Gen.Select(History, Gen.Int[1, 60]).Sample((moves, every) =>
        {
            var straight = new JobLedgerBench(endedPerGroupMax: 3);
            var restored = new JobLedgerBench(endedPerGroupMax: 3);
            for (var i = 0; i < moves.Count; i++)
            {
                if (i % every == 0) restored.Restore();
                var (group, command) = moves[i].Meaning(straight.Ledger);
                Assert.Equal(straight.When(command, group), restored.When(command, group));
                Assert.Equal(straight.Fingerprint, restored.Fingerprint);
            }
        });

    [Fact]
    public void Commands_that_went_through_the_log_do_what_they_did_before() => History.Sample(moves =>
    {
        var direct = new JobLedgerBench();
        var logged = new JobLedgerBench();
        foreach (var move in moves)
        {
            var (group, command) = move.Meaning(direct.Ledger);
            var back = JobCommandCodec.Decode(JobCommandCodec.Encode(command), out var fault);
            // A key before the first epoch is written by nobody.
            if (back is null) Assert.Contains("epoch", fault, StringComparison.Ordinal);
            Assert.Equal(direct.When(command, group), logged.When(back ?? command, group));
        }

        Assert.Equal(direct.Fingerprint, logged.Fingerprint);
    });

    [Fact]
    public void Every_command_meets_every_verdict_that_it_can_have()
    {
        var seen = new ConcurrentDictionary<(Type, JobVerdict), bool>();
        History.Sample(
            moves =>
            {
                var bench = new JobLedgerBench();
                foreach (var move in moves)
                {
                    var (group, command) = move.Meaning(bench.Ledger);
                    seen[(command.GetType(), bench.When(command, group))] = true;
                }
            },
            iter: 2000);

        Assert.Equal(
            Content.CasesOf(typeof(JobCommand)).OrderBy(type => type.Name),
            seen.Keys.Select(key => key.Item1).Distinct().OrderBy(type => type.Name));
        Assert.Equal(
            Enum.GetValues<JobVerdict>(), seen.Keys.Select(key => key.Item2).Distinct().Order());
        Assert.All(
            Content.CasesOf(typeof(JobCommand)),
            type => Assert.True(seen.ContainsKey((type, JobVerdict.Applied))));
    }

    private static void Note(
        SortedDictionary<JobId, JobLedgerModel> models,
        JobLedgerBench bench,
        int group,
        JobCommand command,
        JobVerdict verdict)
    {
        if (verdict != JobVerdict.Applied) return;
        if (command is JobCommand.JobCreated created)
            NoteCreated(models, new JobId(group, bench.Ledger.AppliedOp(group)), created);
        else if (command is not (JobCommand.JobRefused or JobCommand.KeysExpired))
            models[JobOf(command)].Add(command);
    }

    // As if the slots had been assigned right behind it.
    private static void NoteCreated(
        SortedDictionary<JobId, JobLedgerModel> models, JobId id, JobCommand.JobCreated created)
    {
        models.Add(id, new JobLedgerModel(created.Spec));
        for (var slot = 0; slot < created.Datacenters.Count; slot++)
        {
            models[id].Add(
                new JobCommand.SlotAssigned(new SlotKey(id, slot, 1), created.Datacenters[slot]));
        }
    }

    private static JobId JobOf(JobCommand command) => command switch
    {
        JobCommand.SlotAssigned assigned => assigned.Slot.Job,
        JobCommand.SlotStarting starting => starting.Slot.Job,
        JobCommand.SlotReleased released => released.Slot.Job,
        JobCommand.SlotReported reported => reported.Slot.Job,
        JobCommand.BudgetShare share => share.Slot.Job,
        JobCommand.CancelRequested cancel => cancel.Job,
        JobCommand.DeadlineReached deadline => deadline.Job,
        JobCommand.JobUnplaceable unplaceable => unplaceable.Job,
        JobCommand.JobWithdrawn withdrawn => withdrawn.Job,
        _ => throw new ArgumentException($"{command} names no job", nameof(command)),
    };
}
