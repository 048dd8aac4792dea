using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Tests.Core.Protocol;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>One thing that happens to a node on its bench; the same twice over.</summary>
internal sealed record NodeMove<TBench>(string Name, Action<TBench> Make)
{
    public override string ToString() => Name;
}

/// <summary>Moves that manager and worker have to bear in any order.</summary>
internal static class NodeMoves
{
    private static readonly IReadOnlyList<NodeId> Everyone =
        [Gate, OtherGate, Dispatch.Manager, Follower, Worker1, Worker2];

    private static readonly Gen<Duration> Pause = Gen.Frequency(
        (4, Gen.Int[0, 2000]), (1, Gen.Int[0, 15_000])).Select(ms => Duration.FromMilliseconds(ms));

    private static readonly Gen<SlotKey> SomeSlot = Gen.Select(
        Gen.Frequency((6, Gen.Const(1L)), (2, Gen.Const(2L)), (1, Gen.Const(3L))),
        Gen.Frequency((4, Gen.Const(1)), (1, Gen.Const(2))),
        Slot);

    private static readonly Gen<long> SomeFence = Gen.Frequency((1, Gen.Const(1L)), (6, Gen.Const(2L)));

    private static readonly Gen<AttemptKey> SomeAttempt =
        Gen.Select(SomeSlot, Gen.Frequency((3, Gen.Const(0)), (1, Gen.Const(1))), (slot, workflow) =>
            new AttemptKey(slot, workflow, 1));

    private static readonly Gen<JobSpec> SomeJob = Gen.OneOf(
        Gen.Const(0), Gen.Const(1), Gen.Const(2)).Select(shape => shape switch
        {
            0 => Job(),
            1 => Job(Workflow("a"), Workflow("b", 2, 0)),
            _ => Job(Workflow("a", 3), Workflow("b")),
        });

    private static readonly Gen<NodeId> SomeWorker =
        Gen.Frequency((4, Gen.Const(Worker1)), (1, Gen.Const(Worker2)));

    private static readonly Gen<ulong> SomeBoot =
        Gen.Frequency((8, Gen.Const(1UL)), (1, Gen.Const(2UL)), (1, Gen.Const(3UL)));

    private static readonly Gen<AttemptOutcome> SomeOutcome =
        Gen.Bool.Select(good => good ? Completed : Failed);

    private static readonly Gen<NodeInput> Odd = Gen.OneOf<NodeInput>(
        Gen.Select(Gen.Const(Worker1), MessageGens.Message, (peer, message) =>
            (NodeInput)new NodeInput.SendFailed(peer, message)),
        Gen.Bool.Select(one => (NodeInput)new NodeInput.PeerLost(one ? Worker1 : Dispatch.Manager)),
        MessageGens.Request.Select(request => (NodeInput)new NodeInput.ClientRequested(9, request)),
        SomeAttempt.Select(attempt => (NodeInput)new NodeInput.WorkloadReported(attempt, Stats)),
        SomeAttempt.Select(attempt =>
            (NodeInput)new NodeInput.WorkloadExited(attempt, 0, Stats, default, null)),
        SomeAttempt.Select(attempt => (NodeInput)Sampled(attempt, memory: 1, Instant.Zero)),
        Gen.Const((NodeInput)new NodeInput.SnapshotDurable(0)));

    public static readonly Gen<NodeMove<ManagerBench>> OfManager = Gen.Frequency(
        (8, Gen.Select(SomeSlot, SomeFence, SomeJob, (slot, fence, spec) => Move("ReserveSlot", bench =>
            bench.Receive(Gate, new Message.ReserveSlot(slot, fence, spec))))),
        (6, Gen.Select(SomeSlot, SomeFence, (slot, fence) => Move("StartSlot", bench =>
            bench.Receive(Gate, new Message.StartSlot(slot, fence))))),
        (1, SomeSlot.Select(slot => Move("CancelSlot", bench =>
            bench.Receive(OtherGate, new Message.CancelSlot(slot, 2, "taken back"))))),
        (2, SomeSlot.Select(slot => Move("SlotResultCommitted", bench =>
            bench.Receive(Gate, new Message.SlotResultCommitted(slot, 2))))),
        (4, Gen.Select(SomeWorker, Gen.Int[1, 4], SomeBoot, (worker, cores, boot) =>
            Move("WorkerHeartbeat", bench => bench.Join(worker, cores, boot)))),
        (8, Gen.Select(SomeWorker, SomeAttempt, Gen.Bool, (worker, attempt, isFinished) =>
            Move("WorkerHeartbeat", bench => bench.Beat(worker, new AttemptInventory(attempt, isFinished))))),
        (4, Gen.Select(SomeWorker, SomeAttempt, (worker, attempt) => Move("AttemptAccepted", bench =>
            bench.Receive(worker, new Message.AttemptAccepted(attempt))))),
        (3, Gen.Select(SomeWorker, SomeAttempt, (worker, attempt) => Move("AttemptRefused", bench =>
            bench.Receive(worker, new Message.AttemptRefused(attempt, "busy"))))),
        (3, Gen.Select(SomeWorker, SomeAttempt, Gen.Long[1, 9], (worker, attempt, revision) =>
            Move("AttemptProgressed", bench =>
                bench.Receive(worker, new Message.AttemptProgressed(attempt, revision, Stats))))),
        (8, Gen.Select(SomeWorker, SomeAttempt, SomeOutcome, (worker, attempt, outcome) =>
            Move("AttemptFinished", bench =>
                bench.Receive(worker, new Message.AttemptFinished(attempt, outcome))))),
        (3, Gen.Select(Gen.Int[0, 5], MessageGens.Message, (from, message) =>
            Move("any", bench => bench.Receive(Everyone[from], message)))),
        (2, Odd.Select(input => Move("odd", bench => bench.When(input)))),
        (6, Pause.Select(pause => Move("time", bench => bench.Pass(pause)))),
        (4, Gen.Bool.Select(isFast => Move("disk", bench => bench.SetDisk(isFast)))),
        (1, Gen.Const(Move("restart", bench => bench.Restart()))));

    public static readonly Gen<NodeMove<WorkerBench>> OfWorker = Gen.Frequency(
        (6, Gen.Int[0, 3].Select(age => Work("HeartbeatAnswered", bench =>
            bench.Answer(bench.Sequence - age)))),
        (10, Gen.Select(SomeAttempt, Gen.Int[1, 3], Gen.Long[1, 3], Gen.ULong[4, 5],
            (attempt, cores, fence, boot) => Work("StartAttempt", bench =>
                bench.Start(attempt, Workflow(cores: cores), fence, new BootId(boot))))),
        (3, Gen.Select(SomeAttempt, Gen.Long[1, 3], (attempt, fence) => Work("StopAttempt", bench =>
            bench.Receive(new Message.StopAttempt(attempt, fence, "taken back"))))),
        (5, SomeAttempt.Select(attempt => Work("AttemptResultCommitted", bench =>
            bench.Receive(new Message.AttemptResultCommitted(attempt))))),
        (6, Gen.Select(SomeAttempt, Gen.Int[0, 3], (attempt, exitCode) => Work("WorkloadExited", bench =>
            bench.Exit(attempt, exitCode)))),
        (2, Gen.Select(Gen.Int[0, 5], MessageGens.Message, (from, message) =>
            Work("any", bench => bench.Receive(message, Everyone[from])))),
        (3, Odd.Select(input => Work("odd", bench => bench.When(input)))),
        (1, Gen.Const(Work("odd", bench => bench.When(new NodeInput.Durable(1))))),
        (6, Pause.Select(pause => Work("time", bench => bench.Pass(pause)))),
        (6, Gen.Select(SomeAttempt, Gen.Int[1, 9], Gen.Int[1, 40], (attempt, seconds, gib) =>
            Work("ResourcesSampled", bench => bench.Use(attempt, seconds, gib, gib < 35 ? 0.5 : 0.99)))));

    private static NodeInput.ResourcesSampled Sampled(AttemptKey attempt, long memory, Instant at) =>
        new NodeInput.ResourcesSampled(
            [new WorkloadReading(attempt, new TreeReading(at, [], new GroupReading(0, memory, 1, 1)))],
            new NodeReading(at, 0, memory, 1L << 40));

    private static NodeMove<ManagerBench> Move(string name, Action<ManagerBench> make) => new(name, make);

    private static NodeMove<WorkerBench> Work(string name, Action<WorkerBench> make) => new(name, make);
}
