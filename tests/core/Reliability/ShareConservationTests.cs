using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Tests.Core.Jobs;

namespace Hyperscale.Det.Tests.Core.Reliability;

/// <summary>One budget's shares under any sequence of entries, each of which may be committed again at any
/// later time.</summary>
public sealed class ShareConservationTests
{
    private const int SlotsMax = 4;

    /// <summary>What is tried: to raise a slot's share, to end a slot that used so much, or to commit once
    /// more what was committed some entries ago.</summary>
    private static readonly Gen<(char Kind, int Slot, int Amount)[]> Moves = Gen.Select(
        Gen.Char["aaarx"], Gen.Int[0, SlotsMax - 1], Gen.Int[0, 6], (kind, slot, n) => (kind, slot, n))
        .Array[1, 60];

    [Fact]
    public void Shares_and_reserve_are_the_budget_after_every_entry_and_a_repeat_changes_nothing() =>
        Gen.Select(Gen.Int[0, 50], Gen.Int[2, SlotsMax], Moves).Sample((total, count, moves) =>
        {
            var bench = new JobLedgerBench();
            var slots = Start(bench, total, count);
            var job = slots[0].Job;
            var shares = Enumerable.Repeat(total / count, count).ToArray();
            var revisions = new long[count];
            var ended = new bool[count];
            var reserve = total - shares.Sum();
            var committed = new List<JobCommand>();

            foreach (var (kind, at, amount) in moves.Where(move => move.Slot < count))
            {
                var command = kind switch
                {
                    'a' => new JobCommand.BudgetShare(slots[at], amount, revisions[at] + 1),
                    'r' => Report(slots[at], Math.Min(amount, shares[at])),
                    _ => committed.ElementAtOrDefault(committed.Count - 1 - amount),
                };
                if (command is null) continue;
                var before = bench.Job(job);
                var isNew = kind != 'x' && !ended[at] && !before.IsEnded
                    && (kind == 'r' || (amount >= 1 && amount <= reserve));
                var verdict = bench.When(command);

                Assert.Equal(isNew, verdict == JobVerdict.Applied);
                if (isNew && kind == 'a')
                {
                    shares[at] += amount;
                    reserve -= amount;
                    revisions[at]++;
                }
                else if (isNew)
                {
                    reserve += shares[at] - Math.Min(amount, shares[at]);
                    shares[at] = Math.Min(amount, shares[at]);
                    ended[at] = true;
                }

                if (isNew) committed.Add(command);
                var after = bench.Job(job);
                Assert.Equal(shares, after.Slots.Select(slot => slot.Share));
                Assert.Equal((reserve, total), (after.RetryReserve, reserve + shares.Sum()));
            }

            bench.Restore();
        });

    /// <summary>A datacenter is told of shares in any order, again and again, and asks for grants of attempts
    /// that may have one.</summary>
    [Fact]
    public void What_a_datacenter_grants_is_within_the_largest_share_that_it_was_told_of() =>
        Gen.Select(
            Gen.Int[1, 12], Gen.Int[1, 5],
            Gen.Select(Gen.Char["ssgf"], Gen.Int[0, 12], Gen.Int[0, 3]).Array[1, 80]).Sample(
            (total, each, moves) =>
            {
                var bench = new RetryingSlot(new RetryShare(total, each, 0, 0));
                // A revision stands for one share, whatever order the words of it come in.
                var largest = 0;
                foreach (var (kind, revision, back) in moves)
                {
                    if (kind == 's')
                    {
                        largest = Math.Max(largest, Math.Min(revision, total));
                        bench.Share(Math.Min(revision, total), revision);
                    }
                    else if (kind == 'g')
                    {
                        bench.Grant(bench.Next - back);
                    }
                    else
                    {
                        bench.RunAndFail();
                    }

                    bench.Ledger.CheckInvariants();
                    Assert.True(bench.Budget.Consumed <= Math.Min(largest, each));
                    Assert.Equal(bench.Granted, bench.Budget.Consumed);
                }
            });

    private static JobCommand.SlotReported Report(SlotKey slot, int used) => new(
        slot, Specs.Outcome(SlotState.Failed) with { RetriesGranted = used });

    private static List<SlotKey> Start(JobLedgerBench bench, int total, int count)
    {
        var spec = Specs.Job(count: count);
        var terms = JobTerms.OfUnstamped(spec) with
        {
            RetryBudget = total,
            RetryBudgetPerWorkflow = Math.Min(5, total),
        };
        Assert.Equal(JobVerdict.Applied, bench.When(new JobCommand.JobCreated(spec, null, terms)));
        var job = new JobId(0, bench.Ledger.AppliedOp(0));
        return [.. Enumerable.Range(0, count).Select(slot => bench.Start(job, slot, $"dc-{slot}"))];
    }
}
