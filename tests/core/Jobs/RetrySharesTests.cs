using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>One job's budget over the ledgers of its datacenters, whatever the network does to what they tell
/// each other.</summary>
public sealed class RetrySharesTests
{
    private static readonly NodeId Gate = NodeId.Of("gate-1");
    private static readonly NodeId Worker = NodeId.Of("worker-1");
    private static readonly JobId Job = new(0, 1);

    /// <summary>Total, per workflow, datacenters, seed.</summary>
    private static readonly Gen<(int, int, int, ulong)> Budgets =
        Gen.Select(Gen.Int[0, 12], Gen.Int[1, 5], Gen.Int[1, 4], Gen.ULong);

    private static readonly AttemptOutcome Failed = new(
        AttemptState.Failed, "exit code 3", 3, RunStats.None with { Requests = 7 }, default);

    [Fact]
    public void Grants_unspent_shares_and_the_reserve_are_the_budget_through_loss_repeats_and_reordering() =>
        Budgets.Sample((total, each, slots, seed) =>
        {
            var world = new World(total, Math.Min(each, total), slots, new Rng(seed));
            for (var i = 0; i < 300; i++)
            {
                world.Step();
                world.Check();
            }

            world.Heal();
            world.Check();
            Assert.True(world.Job.IsEnded);
        });

    /// <summary>Whatever the budget is split into, it is used up to the last retry.</summary>
    [Theory]
    [InlineData(5, 3, 3, 3 + 5)]
    [InlineData(5, 5, 3, 3 + 5)]
    [InlineData(20, 3, 3, 3 + 9)]
    [InlineData(0, 0, 3, 3)]
    [InlineData(2, 2, 3, 3 + 2)]
    [InlineData(50, 5, 2, 2 + 10)]
    public void A_workflow_that_always_fails_is_tried_once_in_each_datacenter_and_once_for_each_retry(
        int total, int each, int slots, int attempts) =>
        Gen.ULong.Sample(
            seed =>
            {
                var world = new World(total, each, slots, new Rng(seed)) { AlwaysFails = true };
                for (var i = 0; i < 60; i++) world.Step();
                world.Heal();
                world.Check();

                Assert.Equal(attempts, world.Started);
                Assert.Equal(JobState.Failed, world.Job.State);
            },
            iter: 50);

    private sealed class World
    {
        private readonly JobLedger _jobs = new(100);
        private readonly DispatchLedger[] _datacenters;
        private readonly List<Action> _network = [];
        private readonly Rng _rng;
        private readonly long[] _spent;
        private long _op;
        private long _stamp = 1000;

        public World(int total, int each, int slots, Rng rng)
        {
            _rng = rng;
            _spent = [.. Enumerable.Repeat(-1L, slots)];
            _datacenters = [.. Enumerable.Range(0, slots).Select(_ => new DispatchLedger())];
            var spec = Specs.Job(count: slots);
            var terms = JobTerms.OfUnstamped(spec) with
            {
                RetryBudget = total,
                RetryBudgetPerWorkflow = each,
            };
            Commit(new JobCommand.JobCreated(spec, null, terms));
            for (var slot = 0; slot < slots; slot++)
            {
                var key = new SlotKey(RetrySharesTests.Job, slot, 1);
                Commit(new JobCommand.SlotAssigned(key, $"dc-{slot}"));
                Commit(new JobCommand.SlotStarting(key));
                var share = new RetryShare(total, each, Job.Slots[slot].Share, Job.Slots[slot].ShareRevision);
                Commit(slot, new DispatchCommand.SlotReserved(key, 1, Gate, spec, null, share));
                Commit(slot, new DispatchCommand.SlotStarted(key, 1, Gate));
            }
        }

        public bool AlwaysFails { get; init; }

        public int Started { get; private set; }

        public LedgerJob Job => _jobs.TryGet(RetrySharesTests.Job, out var job)
            ? job
            : throw new InvalidOperationException("the job is gone");

        /// <summary>One thing happens somewhere; what is sent may be lost, doubled and overtaken.</summary>
        public void Step()
        {
            if (_network.Count > 0 && _rng.Chance(1, 2))
            {
                var at = (int)_rng.Below(_network.Count);
                var message = _network[at];
                if (!_rng.Chance(1, 5)) _network.RemoveAt(at);
                if (!_rng.Chance(1, 4)) message();
                return;
            }

            Act((int)_rng.Below(_datacenters.Length));
        }

        /// <summary>Everything arrives until nothing is left to do.</summary>
        public void Heal()
        {
            for (var i = 0; i < 200 && !Job.IsEnded; i++)
            {
                for (var slot = 0; slot < _datacenters.Length; slot++) Act(slot);
                while (_network.Count > 0)
                {
                    var message = _network[0];
                    _network.RemoveAt(0);
                    message();
                }
            }
        }

        public void Check()
        {
            _jobs.CheckInvariants();
            var granted = 0;
            for (var slot = 0; slot < _datacenters.Length; slot++)
            {
                _datacenters[slot].CheckInvariants();
                if (Held(slot) is not { } held) continue;
                granted += held.Budget.Consumed;
                // No datacenter takes itself to have more than the job's ledger gave it.
                Assert.True(held.Budget.Share.Share <= Job.Slots[slot].Share || !Job.Slots[slot].IsOpen);
                Assert.True(held.Budget.Consumed <= Job.Slots[slot].Share);
            }

            var unspent = Job.Slots.Sum(slot => slot.Share) - granted;
            Assert.True(unspent >= 0);
            Assert.Equal(Job.Terms.RetryBudget, granted + unspent + Job.RetryReserve);
            Assert.True(Started <= _datacenters.Length + granted);
        }

        private void Act(int slot)
        {
            if (Held(slot) is not { } held) return;
            if (held.Outcome is { } outcome)
            {
                Send(() => Commit(new JobCommand.SlotReported(held.Key, outcome)));
                return;
            }

            var workflow = held.Workflows[0];
            var next = new AttemptKey(held.Key, 0, workflow.Attempts + 1);
            switch (workflow.State)
            {
                case WorkflowState.Ready:
                    Commit(slot, new DispatchCommand.AttemptStarted(next, Worker, new BootId(1)));
                    Started++;
                    break;
                case WorkflowState.Running:
                    var ends = AlwaysFails || _rng.Chance(2, 3)
                        ? Failed
                        : Failed with { State = AttemptState.Completed };
                    Commit(slot, new DispatchCommand.AttemptEnded(
                        next with { Attempt = workflow.Attempts }, Worker, ends));
                    break;
                case WorkflowState.Retrying:
                    Retry(slot, held, next);
                    break;
                case WorkflowState.Waiting or WorkflowState.Ended or WorkflowState.Skipped:
                default:
                    throw new InvalidOperationException($"{workflow.State} without an outcome");
            }
        }

        private void Retry(int slot, SlotRecord held, AttemptKey next)
        {
            var decision = RetryBudgetManager.Decide(held.Budget, 0);
            if (decision == RetryDecision.Granted)
                Commit(slot, new DispatchCommand.RetryGranted(next, "it failed"));
            else if (decision == RetryDecision.ShareUsed)
                Send(() => OnAsked(slot, held.Key, held.Budget.Share.Revision));
            else
                Commit(slot, new DispatchCommand.RetryDenied(next, RetryBudgetManager.NameOf(decision)));
        }

        private void OnAsked(int slot, SlotKey key, long revision)
        {
            if (!Job.Slots[slot].IsOpen || revision > Job.Slots[slot].ShareRevision) return;
            if (revision == Job.Slots[slot].ShareRevision) _spent[slot] = revision;
            var open = Job.Slots.Count(other => other.Outcome is null);
            var more = RetryBudgetManager.MoreFor(Job.RetryReserve, open);
            if (revision == Job.Slots[slot].ShareRevision && more > 0)
                Commit(new JobCommand.BudgetShare(key, more, revision + 1));
            var ledger = Job.Slots[slot];
            // The last word is said only when no datacenter can have anything left.
            var isFinal = more == 0 && revision == ledger.ShareRevision && Job.RetryReserve == 0
                && Job.Slots.All(other =>
                    !other.IsOpen || _spent[other.Slot] == other.ShareRevision || other.Share == 0);
            Send(() => Commit(slot, new DispatchCommand.BudgetShared(
                key, 1, Gate, ledger.Share, ledger.ShareRevision, isFinal)));
        }

        private SlotRecord? Held(int slot) =>
            _datacenters[slot].Find(new SlotKey(RetrySharesTests.Job, slot, 1));

        private void Send(Action message) => _network.Add(message);

        private void Commit(JobCommand command) => _jobs.Apply(0, ++_op, new WallTime(++_stamp), command);

        private void Commit(int slot, DispatchCommand command) =>
            _datacenters[slot].Apply(new WallTime(++_stamp), command);
    }
}
