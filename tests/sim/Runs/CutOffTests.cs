using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Mutation;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Runs;

namespace Hyperscale.Det.Tests.Sim.Runs;

/// <summary>A datacenter is cut off from the gates for longer than any of them tells it to stop, and its job
/// is cancelled meanwhile.</summary>
public sealed class CutOffTests
{
    private static readonly string[] Inside = ["dc-a/manager-1", "dc-a/worker-1"];

    // One workflow after the other, for a minute and a half.
    private static readonly PlannedJob Chain = new(
        "chain", Datacenters: 1, Preferred: [], Only: [], RetryBudget: null, RetryBudgetPerWorkflow: null,
        BestEffort: null,
        [
            .. Enumerable.Range(0, 10).Select(i => new PlannedWorkflow(
                WorkflowKind.Exec, Cores: 1, Seconds(9), Seconds(1), i == 0 ? [] : [i - 1])),
        ]);

    private static readonly Plan Plan = CalmPlan.Smallest.With(
        new PlannedFault.Partition(Seconds(10), Seconds(80), Inside, ["gate-1", "client-1"], OneWay: false))
        with
    {
        FaultsEnd = Seconds(90),
        Operations =
            [
                new PlannedOperation.Submit(Seconds(5), 0, Chain, Watches: true),
                new PlannedOperation.Cancel(Seconds(12), 0, JobOf: 0),
            ],
    };

    // The gate's next life takes the cancellation for 25 s older than it is.
    private static readonly Plan WithClockAhead = Plan with
    {
        Faults =
        [
            .. Plan.Faults,
            new PlannedFault.WallJump(Seconds(14), "gate-1", 25_000),
            new PlannedFault.Crash(
                Seconds(15), "gate-1", CrashPoint.Anywhere, CrashExtent.Process, Seconds(1)),
        ],
    };

    [Fact]
    public void Nothing_more_of_the_job_is_started_there_and_it_is_stopped_as_soon_as_gates_are_heard()
    {
        var result = PlanRunner.Run(Plan);

        Assert.Null(result.Failure);
        // Its first workflow, and those that may begin within the term.
        Assert.InRange(result.Figures.Attempts, 2, 4);
        Assert.True(result.Coverage.Count(Probe.StartHeldBackWithoutContact) > 0);
        Assert.True(result.Coverage.Count(Probe.SlotWithdrawnOnContact) > 0);
    }

    [Fact]
    public void A_cancellation_is_not_final_sooner_though_another_life_of_the_gate_has_a_clock_that_is_ahead()
    {
        var result = PlanRunner.Run(WithClockAhead);

        Assert.Null(result.Failure);
        Assert.True(result.Coverage.Count(Probe.StartHeldBackWithoutContact) > 0);
    }

    [Fact]
    public void A_cancellation_whose_term_counts_from_its_stamp_is_noticed()
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{nameof(CutOffTests)}-clock.json");
        File.WriteAllText(file, PlanFile.Write(WithClockAhead));
        var mutant = MutantShelf.Named("a-cancel-term-counts-from-its-stamp")!;

        var simulator = MutatedSimulator.Load(mutant, out _)!;
        Assert.Equal(1, simulator.Invoke(["replay", "--plan", file], mutant.Name));
    }

    [Fact]
    public void A_manager_that_answers_itself_is_noticed()
    {
        var result = PlanRunner.Run(Plan, createNode: place =>
        {
            var node = place.CreateNode(WorldNames.Configured(Plan.Topology), Plan.Options);
            return node is ManagerNode manager ? new SureManager(manager) : node;
        });

        Assert.Equal("no-start-after-end", result.Failure?.Checker);
    }

    [Fact]
    public void An_answer_that_holds_for_ever_is_noticed()
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{nameof(CutOffTests)}.json");
        File.WriteAllText(file, PlanFile.Write(Plan));
        var mutant = MutantShelf.Named("an-answer-holds-for-ever")!;

        var simulator = MutatedSimulator.Load(mutant, out _)!;
        Assert.Equal(1, simulator.Invoke(["replay", "--plan", file], mutant.Name));
    }

    private static Duration Seconds(long seconds) => Duration.FromSeconds(seconds);

    /// <summary>The planted bug: it takes every slot for wanted.</summary>
    private sealed class SureManager(ManagerNode manager) : INode
    {
        private readonly Queue<Message.SlotHeld> _asked = new();

        public NodeId Id => manager.Id;

        public Instant NextDeadline => manager.NextDeadline;

        public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
        {
            var verdict = manager.Step(input, now, outbox);
            foreach (var effect in outbox.Effects.ToList())
                if (effect is NodeEffect.Send { Message: Message.SlotHeld held }) _asked.Enqueue(held);
            while (_asked.TryDequeue(out var held))
            {
                var fence = manager.Ledger.FenceOf(held.Slot.Job);
                var wanted = new Message.SlotWanted(held.Slot, fence, held.Boot, held.Question);
                manager.Step(new NodeInput.Received(NodeId.Of("gate-1"), wanted), now, outbox);
            }

            return verdict;
        }

        public void CheckInvariants() => manager.CheckInvariants();

        public void AddTo(ref Fingerprint fingerprint) => manager.AddTo(ref fingerprint);
    }
}
