using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A node in a storm: its disk, its processes and a clock that runs a little fast or slow.</summary>
internal sealed class StormNode(DispatchStorm storm, NodeId id, Func<NodeId, INode> make)
{
    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly List<WalRecord> _records = [];
    private readonly SortedDictionary<AttemptKey, Process> _processes = [];
    private readonly List<(NodeInput Input, Instant At)> _inputs = [];
    private Fingerprint _effects;
    private RecoveredLog _snapshot = RecoveredLog.Nothing;
    private DurabilityGate _gate = new(0);
    private Instant _startedAt;
    private long _perMille;
    private int _life;

    public INode? Node { get; private set; }

    private long LastLsn => _snapshot.SnapshotLsn + _records.Count;

    private Instant Clock => new((storm.Now - _startedAt).Nanoseconds / 1000 * _perMille);

    private WallTime Wall => new(1_000_000 + (storm.Now.Nanoseconds / 1_000_000));

    public void Start(BootId boot)
    {
        _life++;
        _startedAt = storm.Now;
        _perMille = storm.Rng.Between(970, 1030);
        _inputs.Clear();
        _effects = default;
        _gate = new DurabilityGate(LastLsn);
        Node = make(id);
        Step(new NodeInput.Started(_snapshot with { Records = [.. _records] }, (ulong)_life, boot, Wall));
    }

    /// <summary>Ends the process and everything below it; the disk keeps what was synced.</summary>
    public void Crash()
    {
        CheckReplay();
        Node = null;
        _life++;
        _records.RemoveRange(
            (int)(_gate.DurableLsn - _snapshot.SnapshotLsn), (int)(LastLsn - _gate.DurableLsn));
        foreach (var attempt in _processes.Keys) storm.Checks.OnExit(attempt);
        _processes.Clear();
    }

    public void Step(NodeInput input)
    {
        if (Node is null) return;
        _inputs.Add((input, Clock));
        if (input is NodeInput.Durable durable) Release(durable.Lsn);
        _outbox.Clear();
        Node.Step(input, Clock, _outbox);
        Node.CheckInvariants();
        var before = _gate.AppendedLsn;
        foreach (var effect in _outbox.Effects.ToList())
        {
            _effects.Add(effect.ToString());
            if (_gate.Offer(effect)) CarryOut(effect);
        }

        if (_gate.AppendedLsn > before) Sync(_gate.AppendedLsn);
        Arm();
    }

    /// <summary>The same inputs at the same instants give the same effects and the same state.</summary>
    public void CheckReplay()
    {
        if (Node is null) return;
        var again = make(id);
        var effects = default(Fingerprint);
        foreach (var (input, at) in _inputs)
        {
            _outbox.Clear();
            again.Step(input, at, _outbox);
            foreach (var effect in _outbox.Effects) effects.Add(effect.ToString());
        }

        Assert.Equal(_effects.Value, effects.Value);
        Assert.Equal(FingerprintOf(Node), FingerprintOf(again));
    }

    private static ulong FingerprintOf(INode node)
    {
        var fingerprint = default(Fingerprint);
        node.AddTo(ref fingerprint);
        return fingerprint.Value;
    }

    private void Release(long lsn)
    {
        _gate.OnDurable(lsn);
        while (_gate.TryRelease(out var released)) CarryOut(released);
    }

    private void CarryOut(NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Send send: storm.Deliver(id, send.To, send.Message); break;
            case NodeEffect.Append append: _records.Add(append.Record); break;
            case NodeEffect.Snapshot snapshot: Store(snapshot); break;
            case NodeEffect.StartWorkload start: StartWorkload(start); break;
            case NodeEffect.StopWorkload stop: StopWorkload(stop); break;
            case NodeEffect.Emit emit: storm.Checks.OnTold(id, emit.Event); break;
            default: Assert.Fail($"unexpected {effect}"); break;
        }
    }

    private void Sync(long lsn)
    {
        var life = _life;
        storm.After(storm.SyncTime(), () =>
        {
            if (life == _life && lsn > _gate.DurableLsn) Step(new NodeInput.Durable(lsn));
        });
    }

    private void Store(NodeEffect.Snapshot snapshot)
    {
        var life = _life;
        storm.After(storm.SyncTime(), () =>
        {
            if (life != _life) return;
            // It is written behind the records that it covers.
            if (snapshot.Lsn > _gate.DurableLsn)
            {
                Store(snapshot);
                return;
            }

            _records.RemoveRange(0, (int)(snapshot.Lsn - _snapshot.SnapshotLsn));
            _snapshot = new RecoveredLog(snapshot.Lsn, snapshot.State, []);
            Step(new NodeInput.SnapshotDurable(snapshot.Lsn));
        });
    }

    private void Arm()
    {
        var deadline = Node!.NextDeadline;
        if (deadline == Instant.Never) return;
        var life = _life;
        var wait = Duration.Longer(deadline - Clock, Duration.Zero);
        storm.After(wait + Duration.FromMicroseconds(wait.Nanoseconds / 20_000 + 1), () =>
        {
            if (life == _life && Node!.NextDeadline <= Clock) Step(new NodeInput.Tick(Wall));
        });
    }

    private void StartWorkload(NodeEffect.StartWorkload start)
    {
        storm.Checks.OnStart(start.Attempt, id);
        var process = new Process(start.Workflow, storm.Rng.Chance(1, 10));
        _processes.Add(start.Attempt, process);
        if (storm.Rng.Chance(1, 20)) return;
        var exitCode = storm.Rng.Chance(1, 10) ? 3 : 0;
        Exit(start.Attempt, process, start.Workflow.Duration, exitCode);
        var life = _life;
        storm.After(Duration.FromSeconds(1), () =>
        {
            if (life == _life && _processes.GetValueOrDefault(start.Attempt) == process)
                Step(new NodeInput.WorkloadReported(start.Attempt, Dispatch.Stats));
        });
    }

    private void StopWorkload(NodeEffect.StopWorkload stop)
    {
        var process = _processes[stop.Attempt];
        if (stop.Signal == WorkloadSignal.Terminate && process.IsStubborn) return;
        Exit(stop.Attempt, process, Duration.FromMilliseconds(20), 143);
    }

    private void Exit(AttemptKey attempt, Process process, Duration after, int exitCode)
    {
        var life = _life;
        storm.After(after, () =>
        {
            if (life != _life || _processes.GetValueOrDefault(attempt) != process) return;
            _processes.Remove(attempt);
            storm.Checks.OnExit(attempt, exitCode);
            Step(new NodeInput.WorkloadExited(attempt, exitCode, Dispatch.Stats, default, null));
        });
    }

    private sealed record Process(WorkflowSpec Spec, bool IsStubborn);
}
