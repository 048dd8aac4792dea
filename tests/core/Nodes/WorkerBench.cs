using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A worker stepped by hand; invariants are checked after every step.</summary>
internal sealed class WorkerBench
{
    public static readonly BootId Boot = new(5);

    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly List<NodeEffect> _history = [];

    public WorkerBench(WorkerConfig? config = null, bool hasLease = true)
    {
        Node = new WorkerNode(Worker1, Datacenter, Pair, config ?? WorkerConfig.Default(2));
        When(new NodeInput.Started(RecoveredLog.Nothing, 7, Boot, new WallTime(1_000_000)));
        if (hasLease) Answer();
    }

    public WorkerNode Node { get; }

    public Instant Now { get; private set; } = Instant.Zero;

    public NodeVerdict Verdict { get; private set; }

    /// <summary>Kinds of inputs that were given.</summary>
    public HashSet<Type> Given { get; } = [];

    public IReadOnlyList<NodeEffect> History => _history;

    public IEnumerable<TelemetryEvent> Told =>
        _history.OfType<NodeEffect.Emit>().Select(emit => emit.Event);

    /// <summary>What was asked of the workload runner.</summary>
    public IEnumerable<NodeEffect> Workloads =>
        _history.Where(effect => effect is NodeEffect.StartWorkload or NodeEffect.StopWorkload
            or NodeEffect.ThrottleWorkload or NodeEffect.HoldRamp);

    /// <summary>What was sent to the primary since the last <see cref="Forget"/>, heartbeats and progress
    /// left out.</summary>
    public IReadOnlyList<Message> Sent =>
    [
        .. SentTo<Message>(Dispatch.Manager)
            .Where(message => message is not (Message.WorkerHeartbeat or Message.AttemptProgressed)),
    ];

    /// <summary>The number of the newest heartbeat.</summary>
    public long Sequence { get; private set; }

    public IReadOnlyList<T> SentTo<T>(NodeId node)
        where T : Message =>
        [.. _history.OfType<NodeEffect.Send>().Where(s => s.To == node).Select(s => s.Message).OfType<T>()];

    public NodeVerdict When(NodeInput input)
    {
        Given.Add(input.GetType());
        _outbox.Clear();
        Verdict = Node.Step(input, Now, _outbox);
        _history.AddRange(_outbox.Effects);
        foreach (var heartbeat in _outbox.Effects.OfType<NodeEffect.Send>().Select(send => send.Message))
            if (heartbeat is Message.WorkerHeartbeat beat) Sequence = beat.Sequence;
        Node.CheckInvariants();
        return Verdict;
    }

    public NodeVerdict Receive(Message message, NodeId? from = null) =>
        When(new NodeInput.Received(from ?? Dispatch.Manager, message));

    /// <summary>The primary answers the newest heartbeat, or an older one.</summary>
    public NodeVerdict Answer(long? sequence = null, Duration? term = null, long fence = 1) =>
        Receive(new Message.HeartbeatAnswered(
            sequence ?? Sequence, term ?? ManagerConfig.Default.LeaseTerm, fence));

    public NodeVerdict Start(
        AttemptKey attempt, WorkflowSpec? workflow = null, long fence = 1, BootId? boot = null) =>
        Receive(new Message.StartAttempt(attempt, fence, boot ?? Boot, workflow ?? Workflow()));

    public NodeVerdict Exit(
        AttemptKey attempt, int? exitCode = 0, string? fault = null, ReadOnlyMemory<byte> output = default) =>
        When(new NodeInput.WorkloadExited(attempt, exitCode, Stats, output, fault));

    /// <summary>Lets time pass; the worker ticks whenever it wants to.</summary>
    public void Pass(Duration time, bool isAnswered = false)
    {
        for (var end = Now + time; Now < end;)
        {
            Now = Instant.Sooner(end, Instant.Later(Node.NextDeadline, Now));
            var before = Sequence;
            When(new NodeInput.Tick(new WallTime(1_000_000)));
            if (isAnswered && Sequence != before) Answer();
        }
    }

    /// <summary>Seconds pass, in each of which the attempt is seen to use so much memory, and its machine
    /// as much, or cannot be read.</summary>
    public void Use(
        AttemptKey attempt,
        int seconds,
        double gib,
        double? machine = 0.5,
        int processes = 1,
        bool isAnswered = true)
    {
        for (var i = 0; i < seconds; i++)
        {
            Pass(Duration.FromSeconds(1), isAnswered);
            var reading = new TreeReading(
                Now, [], new GroupReading(0, (long)(gib * (1L << 30)), 8, processes));
            When(new NodeInput.ResourcesSampled(
                [new WorkloadReading(attempt, reading)],
                machine is { } used ? new NodeReading(Now, 0, (long)(used * (1L << 30)), 1L << 30) : null)
            {
                Enforcer = "cgroup-v9",
            });
        }
    }

    /// <summary>Lets time pass without a tick: whatever comes next comes first.</summary>
    public void Skip(Duration time) => Now += time;

    public void Forget() => _history.Clear();
}
