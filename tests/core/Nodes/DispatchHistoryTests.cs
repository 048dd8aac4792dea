using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Manager and worker under arbitrary histories: the benches check their invariants after every
/// step.</summary>
public sealed class DispatchHistoryTests
{
    [Fact]
    public void A_manager_bears_any_history_and_the_same_one_gives_the_same_manager()
    {
        var verdicts = new SortedSet<string>(StringComparer.Ordinal);
        var inputs = new HashSet<Type>();
        NodeMoves.OfManager.List[1, 80].Sample(
            moves =>
            {
                var (one, other) = (Busy(), Busy());
                foreach (var move in moves)
                {
                    move.Make(one);
                    move.Make(other);
                    lock (verdicts) verdicts.Add($"{move.Name} {one.Verdict}");
                }

                Assert.Equal(FingerprintOf(one.Node), FingerprintOf(other.Node));
                lock (inputs) inputs.UnionWith(one.Given);
            },
            iter: 1000);
        Assert.Equal(Enum.GetNames<NodeVerdict>().Order(), VerdictsIn(verdicts));
        Assert.Equal([typeof(NodeInput.Shutdown)], Content.CasesOf(typeof(NodeInput)).Except(inputs));
        Assert.Superset(
            new SortedSet<string>(StringComparer.Ordinal)
            {
                "AttemptAccepted Accepted", "AttemptAccepted Duplicate", "AttemptAccepted Stale",
                "AttemptFinished Accepted", "AttemptFinished Duplicate", "AttemptFinished Unknown",
                "AttemptProgressed Accepted", "AttemptProgressed Stale", "AttemptRefused Accepted",
                "AttemptRefused Stale", "CancelSlot Accepted", "CancelSlot Duplicate", "CancelSlot Refused",
                "ReserveSlot Accepted", "ReserveSlot Duplicate", "ReserveSlot Refused", "ReserveSlot Stale",
                "ReserveSlot Unready",
                "SlotResultCommitted Accepted", "SlotResultCommitted Refused", "SlotResultCommitted Unknown",
                "StartSlot Accepted", "StartSlot Duplicate", "StartSlot Refused", "StartSlot Stale",
                "WorkerHeartbeat Accepted", "WorkerHeartbeat Overloaded", "WorkerHeartbeat Stale",
            },
            verdicts);
    }

    [Fact]
    public void A_worker_bears_any_history_and_the_same_one_gives_the_same_worker()
    {
        var verdicts = new SortedSet<string>(StringComparer.Ordinal);
        var inputs = new HashSet<Type>();
        var config = WorkerConfig.Default(4) with { FinishedMax = 3 };
        NodeMoves.OfWorker.List[1, 80].Sample(
            moves =>
            {
                var (one, other) = (new WorkerBench(config), new WorkerBench(config));
                foreach (var move in moves)
                {
                    move.Make(one);
                    move.Make(other);
                    lock (verdicts) verdicts.Add($"{move.Name} {one.Verdict}");
                }

                one.When(new NodeInput.Shutdown());
                other.When(new NodeInput.Shutdown());
                Assert.Equal(FingerprintOf(one.Node), FingerprintOf(other.Node));
                lock (inputs) inputs.UnionWith(one.Given);
            },
            iter: 1000);
        Assert.Equal(
            Enum.GetNames<NodeVerdict>().Except([nameof(NodeVerdict.Unready)]).Order(),
            VerdictsIn(verdicts));
        Assert.Empty(Content.CasesOf(typeof(NodeInput)).Except(inputs));
        Assert.Superset(
            new SortedSet<string>(StringComparer.Ordinal)
            {
                "AttemptResultCommitted Accepted", "AttemptResultCommitted Duplicate",
                "AttemptResultCommitted Stale", "HeartbeatAnswered Accepted", "HeartbeatAnswered Stale",
                "StartAttempt Accepted", "StartAttempt Duplicate", "StartAttempt Refused",
                "StartAttempt Stale", "StopAttempt Accepted", "StopAttempt Duplicate",
                "StopAttempt Overloaded", "StopAttempt Stale", "WorkloadExited Accepted",
                "WorkloadExited Unknown",
            },
            verdicts);
    }

    /// <summary>A manager that has something to do.</summary>
    private static ManagerBench Busy()
    {
        var bench = new ManagerBench(Small);
        bench.Join(Dispatch.Worker1, cores: 4);
        bench.Run(Dispatch.Job(Dispatch.Workflow("a"), Dispatch.Workflow("b", 2, 0)));
        bench.Reserve(Dispatch.Job(), job: 2);
        return bench;
    }

    private static ManagerConfig Small => ManagerConfig.Default with
    {
        LiveSlotsMax = 3,
        WorkersMax = 1,
        SnapshotEveryRecords = 10,
    };

    private static IEnumerable<string> VerdictsIn(IEnumerable<string> lines) =>
        lines.Select(line => line.Split(' ')[1]).Distinct().Order();

    private static ulong FingerprintOf(INode node)
    {
        var fingerprint = default(Fingerprint);
        node.AddTo(ref fingerprint);
        return fingerprint.Value;
    }
}
