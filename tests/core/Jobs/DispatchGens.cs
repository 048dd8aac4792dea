using CsCheck;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Commands of a small world, so that they concern each other.</summary>
internal static class DispatchGens
{
    public static readonly IReadOnlyList<NodeId> Workers = [NodeId.Of("worker-1"), NodeId.Of("worker-2")];
    public static readonly IReadOnlyList<NodeId> Gates = [NodeId.Of("gate-1"), NodeId.Of("gate-2")];

    /// <summary>What each workflow of a job depends on, by shape.</summary>
    private static readonly IReadOnlyList<int[][]> Shapes =
        [[[]], [[], []], [[], [0]], [[], [0], [1]], [[], [], [0, 1]], [[], [0], [0], []]];

    private static readonly Gen<SlotKey> Slot = Gen.Select(
        Gen.Frequency((8, Gen.Const(1L)), (2, Gen.Const(2L))),
        Gen.Int[0, 1],
        Gen.Frequency((6, Gen.Const(1)), (3, Gen.Const(2)), (1, Gen.Const(3))),
        (op, slot, epoch) => new SlotKey(new JobId(0, op), slot, epoch));

    private static readonly Gen<AttemptKey> Attempt = Gen.Select(
        Slot,
        Gen.Int[0, 4],
        Gen.Frequency((9, Gen.Const(1)), (1, Gen.Const(2))),
        (slot, workflow, attempt) => new AttemptKey(slot, workflow, attempt));

    private static readonly Gen<long> Fence =
        Gen.Frequency((1, Gen.Const(1L)), (20, Gen.Const(2L)), (1, Gen.Const(3L)));

    private static readonly Gen<NodeId> Gate = Gen.Int[0, Gates.Count - 1].Select(i => Gates[i]);

    private static readonly Gen<NodeId> Worker = Gen.Int[0, Workers.Count - 1].Select(i => Workers[i]);

    private static readonly Gen<AttemptOutcome> Outcome = Gen.Select(
        Gen.Frequency(
            (6, Gen.Const(AttemptState.Completed)), (2, Gen.Const(AttemptState.Failed)),
            (1, Gen.Const(AttemptState.Cancelled)), (1, Gen.Const(AttemptState.Lost))),
        Gen.Int[0, 99],
        (state, n) => new AttemptOutcome(
            state, $"reason {n}", n, RunStats.None with { Requests = n }, new byte[] { (byte)n }));

    // One for all jobs, or none.
    private static readonly Gen<IdempotencyKey?> Key =
        Gen.Bool.Select(isThere => isThere ? KeyGens.Opaque("order-1") : (IdempotencyKey?)null);

    // Everything that has ended is due at once.
    private static readonly DispatchCommand Expired = new DispatchCommand.KeysExpired(
        new KeyRetention(new Duration(1), new Duration(1), EntriesMax: 100));

    public static readonly Gen<JobSpec> Spec =
        Gen.Int[0, Shapes.Count - 1].Select(i => SpecOf(Shapes[i]));

    public static readonly Gen<DispatchCommand> Command = Gen.Frequency(
        (5, Gen.Select(Slot, Fence, Gate, Spec, Key, Reserved)),
        (1, Gen.Select(Slot, Fence, Gate, Refused)),
        (5, Gen.Select(Slot, Fence, Gate, Started)),
        (1, Gen.Select(Slot, Fence, Gate, Cancelled)),
        (1, Slot.Select(slot => (DispatchCommand)new DispatchCommand.ReservationExpired(slot))),
        (1, Gen.Select(Slot, Fence, Forgotten)),
        (1, Gen.Const(Expired)),
        (20, Gen.Select(Attempt, Worker, AttemptStarted)),
        (20, Gen.Select(Attempt, Worker, Outcome, AttemptEnded)));

    public static readonly Gen<List<DispatchCommand>> History = Command.List[1, 100];

    // Retries come late in a slot's life, so nearly everything is about one.
    private static readonly Gen<SlotKey> Same =
        Gen.Frequency((9, Gen.Const(new SlotKey(new JobId(0, 1), 0, 1))), (1, Slot));

    private static readonly Gen<AttemptKey> Next = Gen.Select(
        Same,
        Gen.Frequency((6, Gen.Const(0)), (1, Gen.Int[1, 4])),
        Gen.Int[1, 3],
        (slot, workflow, n) => new AttemptKey(slot, workflow, n));

    /// <summary>As <see cref="Command"/>, of jobs with retries.</summary>
    public static readonly Gen<DispatchCommand> Retrying = Gen.Frequency(
        (20, Gen.Select(Command, Same, Gen.Int[0, 2], (command, slot, share) => command switch
        {
            DispatchCommand.SlotReserved reserved => reserved with
            {
                Slot = slot,
                Retries = new RetryShare(3, 2, share, 1),
            },
            DispatchCommand.SlotStarted started => started with { Slot = slot },
            DispatchCommand.AttemptEnded ended => ended with { Backoff = Duration.FromMilliseconds(5) },
            _ => command,
        })),
        (12, Gen.Select(Next, Worker, AttemptStarted)),
        (12, Gen.Select(Next, Worker, Outcome, AttemptEnded)),
        (12, Next.Select(next => (DispatchCommand)new DispatchCommand.RetryGranted(next, "it failed"))),
        (2, Next.Select(next => (DispatchCommand)new DispatchCommand.RetryDenied(next, "no more"))),
        (3, Gen.Select(Slot, Fence, Gate, Gen.Int[0, 4], Gen.Long[0, 3], Shared)));

    public static readonly Gen<List<DispatchCommand>> RetryHistory = Retrying.List[1, 150];

    public static WallTime StampOf(int index) => new(1000 + (index * 10));

    public static JobSpec SpecOf(int[][] shape) => new(
        "job", new DatacenterChoice(1, [], []), null, null, null, null, [],
        [
            .. shape.Select((dependsOn, i) => new WorkflowSpec(
                $"w{i}", WorkflowKind.Exec, i + 1, Duration.FromSeconds(10), Duration.FromSeconds(5), null,
                null, dependsOn, null, new ExecSpec(["true"]), null)),
        ]);

    private static DispatchCommand Reserved(
        SlotKey slot, long fence, NodeId gate, JobSpec spec, IdempotencyKey? key) =>
        new DispatchCommand.SlotReserved(slot, fence, gate, spec, key);

    private static DispatchCommand Refused(SlotKey slot, long fence, NodeId gate) =>
        new DispatchCommand.SlotRefused(slot, fence, gate, "no worker");

    private static DispatchCommand Started(SlotKey slot, long fence, NodeId gate) =>
        new DispatchCommand.SlotStarted(slot, fence, gate);

    private static DispatchCommand Cancelled(SlotKey slot, long fence, NodeId gate) =>
        new DispatchCommand.SlotCancelled(slot, fence, gate, "taken back");

    private static DispatchCommand Forgotten(SlotKey slot, long fence) =>
        new DispatchCommand.SlotForgotten(slot, fence);

    private static DispatchCommand Shared(
        SlotKey slot, long fence, NodeId gate, int share, long revision) =>
        new DispatchCommand.BudgetShared(slot, fence, gate, share, revision, IsFinal: share == 4);

    private static DispatchCommand AttemptStarted(AttemptKey attempt, NodeId worker) =>
        new DispatchCommand.AttemptStarted(attempt, worker, new BootId(7));

    private static DispatchCommand AttemptEnded(AttemptKey attempt, NodeId worker, AttemptOutcome outcome) =>
        new DispatchCommand.AttemptEnded(attempt, worker, outcome);
}
