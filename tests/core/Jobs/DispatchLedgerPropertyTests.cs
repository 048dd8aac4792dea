using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class DispatchLedgerPropertyTests
{
    [Fact]
    public void After_any_history_the_ledger_is_what_a_plain_account_of_it_says() =>
        DispatchGens.History.Sample(history =>
        {
            var ledger = new DispatchLedger();
            var model = new DispatchModel();
            for (var i = 0; i < history.Count; i++)
            {
                var verdict = ledger.Apply(DispatchGens.StampOf(i), history[i]);
                Assert.Equal(model.Apply(history[i]), verdict);
                ledger.CheckInvariants();
                Compare(model, ledger);
            }
        });

    [Fact]
    public void A_restored_ledger_goes_on_as_if_nothing_had_been() =>
        Gen.Select(DispatchGens.RetryHistory, Gen.Int[0, 100]).Sample((history, at) =>
        {
            var straight = new DispatchLedger();
            var restored = new DispatchLedger();
            for (var i = 0; i < history.Count; i++)
            {
                if (i == at) restored = Restored(restored);
                var stamp = DispatchGens.StampOf(i);
                Assert.Equal(straight.Apply(stamp, history[i]), restored.Apply(stamp, history[i]));
            }

            Assert.Equal(FingerprintOf(straight), FingerprintOf(restored));
            Assert.Equal(FingerprintOf(straight), FingerprintOf(Restored(straight)));
            Assert.Equal(straight.Encode(), restored.Encode());
        });

    [Fact]
    public void An_entry_that_comes_twice_changes_nothing_more() =>
        DispatchGens.RetryHistory.Sample(history =>
        {
            var ledger = new DispatchLedger();
            for (var i = 0; i < history.Count; i++)
            {
                ledger.Apply(DispatchGens.StampOf(i), history[i]);
                var before = FingerprintOf(ledger);
                var again = ledger.Apply(DispatchGens.StampOf(i + 1), history[i]);
                Assert.Equal(before, FingerprintOf(ledger));
                Assert.NotEqual(DispatchVerdict.Accepted, again);
            }
        });

    [Fact]
    public void What_a_verdict_says_changed_nothing_changed_nothing() =>
        DispatchGens.RetryHistory.Sample(history =>
        {
            var ledger = new DispatchLedger();
            for (var i = 0; i < history.Count; i++)
            {
                var before = FingerprintOf(ledger);
                var verdict = ledger.Apply(DispatchGens.StampOf(i), history[i]);
                if (verdict is DispatchVerdict.StaleFence or DispatchVerdict.Unknown
                    or DispatchVerdict.NotReady or DispatchVerdict.Foreign)
                    Assert.Equal(before, FingerprintOf(ledger));
                if (verdict == DispatchVerdict.Accepted) Assert.NotEqual(before, FingerprintOf(ledger));
            }
        });

    [Fact]
    public void A_fence_never_falls_and_an_outcome_never_changes() =>
        DispatchGens.RetryHistory.Sample(history =>
        {
            var ledger = new DispatchLedger();
            var fences = new Dictionary<JobId, long>();
            var outcomes = new Dictionary<SlotKey, string>();
            for (var i = 0; i < history.Count; i++)
            {
                ledger.Apply(DispatchGens.StampOf(i), history[i]);
                for (var op = 1; op <= 2; op++)
                {
                    var job = new JobId(0, op);
                    Assert.True(ledger.FenceOf(job) >= fences.GetValueOrDefault(job, long.MinValue));
                    fences[job] = ledger.FenceOf(job);
                }

                foreach (var slot in ledger.Slots.Where(slot => slot.Outcome is not null))
                {
                    var outcome = Content.Of(slot.Outcome!);
                    if (!outcomes.TryAdd(slot.Key, outcome)) Assert.Equal(outcomes[slot.Key], outcome);
                }
            }
        });

    [Fact]
    public void However_many_places_come_and_go_only_so_many_are_remembered() =>
        Gen.Select(DispatchGens.Retrying, Gen.Long[1, 50], (command, op) => MovedTo(command, op)).List[1, 200]
            .Sample(history =>
            {
                var ledger = new DispatchLedger(closedMax: 5);
                var restored = new DispatchLedger(closedMax: 5);
                for (var i = 0; i < history.Count; i++)
                {
                    ledger.Apply(DispatchGens.StampOf(i), history[i]);
                    restored.Apply(DispatchGens.StampOf(i), history[i]);
                    if (i % 20 == 0) restored = Restored(restored, closedMax: 5);
                    ledger.CheckInvariants();
                }

                Assert.Equal(FingerprintOf(ledger), FingerprintOf(restored));
            });

    [Fact]
    public void Histories_reach_every_command_with_every_verdict_it_can_have()
    {
        var reached = new SortedSet<string>(StringComparer.Ordinal);
        DispatchGens.RetryHistory.Sample(
            history =>
            {
                var ledger = new DispatchLedger();
                for (var i = 0; i < history.Count; i++)
                {
                    var verdict = ledger.Apply(DispatchGens.StampOf(i), history[i]);
                    lock (reached) reached.Add($"{history[i].GetType().Name} {verdict}");
                }
            },
            iter: 10_000);
        Assert.Equal(
            [
                "AttemptEnded Accepted", "AttemptEnded Duplicate", "AttemptEnded Foreign",
                "AttemptEnded Unknown",
                "AttemptStarted Accepted", "AttemptStarted Duplicate", "AttemptStarted NotReady",
                "AttemptStarted Overtaken", "AttemptStarted Unknown",
                "BudgetShared Accepted", "BudgetShared Duplicate", "BudgetShared StaleFence",
                "BudgetShared Unknown",
                "KeysExpired Accepted", "KeysExpired Duplicate",
                "ReservationExpired Accepted", "ReservationExpired Overtaken", "ReservationExpired Unknown",
                "RetryDenied Accepted", "RetryDenied Duplicate", "RetryDenied NotReady",
                "RetryDenied Overtaken", "RetryDenied Unknown",
                "RetryGranted Accepted", "RetryGranted Duplicate", "RetryGranted Exhausted",
                "RetryGranted NotReady", "RetryGranted Overtaken", "RetryGranted Unknown",
                "SlotCancelled Accepted", "SlotCancelled Duplicate", "SlotCancelled Gone",
                "SlotCancelled StaleFence",
                "SlotForgotten Accepted", "SlotForgotten NotReady", "SlotForgotten StaleFence",
                "SlotForgotten Unknown",
                "SlotRefused Accepted", "SlotRefused Duplicate", "SlotRefused Overtaken",
                "SlotRefused StaleFence",
                "SlotReserved Accepted", "SlotReserved Duplicate", "SlotReserved Gone",
                "SlotReserved KeyTaken", "SlotReserved Occupied", "SlotReserved StaleFence",
                "SlotStarted Accepted", "SlotStarted Duplicate", "SlotStarted Gone",
                "SlotStarted Overtaken", "SlotStarted StaleFence",
            ],
            reached);
        Assert.Equal(
            Content.CasesOf(typeof(DispatchCommand)).Select(type => type.Name).Order(StringComparer.Ordinal),
            reached.Select(line => line.Split(' ')[0]).Distinct());
        Assert.Equal(
            Enum.GetNames<DispatchVerdict>().Order(StringComparer.Ordinal),
            reached.Select(line => line.Split(' ')[1]).Distinct().Order(StringComparer.Ordinal));
    }

    private static void Compare(DispatchModel model, DispatchLedger ledger)
    {
        Assert.Equal(model.Slots.Keys.Order(), ledger.Slots.Select(slot => slot.Key));
        Assert.Equal(model.Queue, ledger.Ready.Select(ready => ready.Key));
        foreach (var slot in ledger.Slots)
        {
            var expected = model.Slots[slot.Key];
            Assert.Equal(expected.IsStarted, slot.IsStarted);
            Assert.Equal(expected.State, slot.Outcome?.State);
            Assert.Equal(
                slot.Workflows.Select((_, i) => expected.StateOf(i)), slot.Workflows.Select(w => w.State));
            if (slot.Outcome is null) continue;
            Assert.Equal(expected.Outcomes.Keys.Order(), slot.Outcome.Workflows.Select(w => w.Workflow));
            Assert.All(slot.Outcome.Workflows, w => Assert.Equal(expected.Outcomes[w.Workflow], w.Outcome));
        }

        foreach (var worker in DispatchGens.Workers)
        {
            var live = model.Slots.SelectMany(s => s.Value.Given
                .Where(g => g.Value == worker && s.Value.StateOf(g.Key) == WorkflowState.Running)
                .Select(g => new AttemptKey(s.Key, g.Key, 1)));
            Assert.Equal(live.Order(), ledger.LiveOn(worker));
            Assert.Equal(ledger.LiveOn(worker).Sum(a => a.Workflow + 1), ledger.CoresOn(worker));
        }

        for (var op = 1; op <= 2; op++) Assert.Equal(model.FenceOf(new(0, op)), ledger.FenceOf(new(0, op)));
        for (var epoch = 1; epoch <= 4; epoch++)
        {
            var slot = new SlotKey(new JobId(0, 1), 0, epoch);
            Assert.Equal(model.IsClosed(slot), ledger.ClosedBecause(slot) is not null);
        }
    }

    private static DispatchCommand MovedTo(DispatchCommand command, long op) => command switch
    {
        DispatchCommand.SlotReserved c => c with { Slot = Moved(c.Slot, op) },
        DispatchCommand.SlotRefused c => c with { Slot = Moved(c.Slot, op) },
        DispatchCommand.SlotStarted c => c with { Slot = Moved(c.Slot, op) },
        DispatchCommand.SlotCancelled c => c with { Slot = Moved(c.Slot, op) },
        DispatchCommand.SlotForgotten c => c with { Slot = Moved(c.Slot, op) },
        DispatchCommand.BudgetShared c => c with { Slot = Moved(c.Slot, op) },
        _ => command,
    };

    private static SlotKey Moved(SlotKey slot, long op) => slot with { Job = new JobId(0, op) };

    private static DispatchLedger Restored(
        DispatchLedger ledger, int closedMax = DispatchLedger.ClosedMaxDefault)
    {
        var restored = DispatchLedger.Restore(ledger.Encode(), out var fault, closedMax);
        Assert.Equal("", fault);
        return restored!;
    }

    private static ulong FingerprintOf(DispatchLedger ledger)
    {
        var fingerprint = default(Fingerprint);
        ledger.AddTo(ref fingerprint);
        return fingerprint.Value;
    }
}
