using System.Diagnostics;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Disk;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>Runs one node by the rules of the shell's host: a mailbox drained in batches, the durability
/// gate, one timer, one flush of the log a batch; a failed disk ends the node at once.</summary>
public sealed partial class SimHost : ISimLogOwner
{
    private readonly World _world;
    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly Queue<NodeInput> _mailbox = new();
    private readonly HostOptions _options;
    private readonly ulong _seed;
    private INode? _node;
    private DurabilityGate? _gate;
    private SimLog? _log;
    private SimDirectory _directory = new();
    private Instant _busyUntil = Instant.Zero;
    private bool _isInBatch;
    private bool _isRunScheduled;
    private bool _appended;
    private long _steps;

    public SimHost(World world, NodePlace place)
    {
        _world = world;
        Place = place;
        _options = world.Plan.Options.Host;
        _seed = Rng.Draw(world.Plan.Seed, "host", place.Id.Name);
    }

    public NodePlace Place { get; }

    public NodeId Id => Place.Id;

    public NodeClock Clock { get; } = new();

    public HostState State { get; private set; } = HostState.Down;

    /// <summary>Counts the processes of this node.</summary>
    public int Life { get; private set; }

    /// <summary>This process's boot; none while it is not running.</summary>
    public BootId Boot { get; private set; }

    public bool IsMachineUp { get; private set; } = true;

    /// <summary>Whether the process stands still at the moment.</summary>
    public bool IsPaused => _pausedUntil > _world.Now;

    public bool IsRunning => State == HostState.Running;

    public INode? Node => _node;

    public DurabilityGate? Gate => _gate;

    public SimLog? Log => _log;

    public int MailboxCount => _mailbox.Count;

    public int MailboxCountMax { get; private set; }

    public int HeldCountMax { get; private set; }

    public Instant LocalNow => Clock.LocalAt(_world.Now);

    public CoverageBoard Coverage => _world.Coverage;

    /// <summary>Gives the node an input; lost when no process runs.</summary>
    public void Post(NodeInput input)
    {
        if (State != HostState.Running) return;
        _mailbox.Enqueue(input);
        MailboxCountMax = Math.Max(MailboxCountMax, _mailbox.Count);
        if (_isInBatch) return;
        if (_busyUntil > _world.Now) ScheduleRun();
        else RunBatch();
    }

    void ISimLogOwner.OnOpened(WalOpening opening)
    {
        if (opening.Verdict == WalVerdict.TornTail) Coverage.Sometimes(Probe.TornTailCut);
        if (opening.Recovered.SnapshotLsn > 0) Coverage.Sometimes(Probe.SnapshotRecovered);
        if (opening.BeginsLife) Coverage.Sometimes(Probe.LifeBegun);
        if (opening.BeginsLife && opening.Recovered.LastLsn > 0) Coverage.Sometimes(Probe.DamageOutlived);
        if (opening.Recovered.Records.Count > 0) Coverage.Sometimes(Probe.RecordsRecovered);
        _hasDiskEver = true;
        Begin(opening.Recovered, opening.Boot);
    }

    void ISimLogOwner.OnDurable(long lsn)
    {
        _world.Checks.OnDurable(this, lsn);
        Post(new NodeInput.Durable(lsn));
    }

    void ISimLogOwner.OnSnapshotDurable(long lsn) => Post(new NodeInput.SnapshotDurable(lsn));

    internal void OnRunDue(int life)
    {
        if (life != Life) return;
        _isRunScheduled = false;
        if (_busyUntil > _world.Now) ScheduleRun();
        else if (_mailbox.Count > 0) RunBatch();
    }

    private void RunBatch()
    {
        var life = Life;
        var taken = 0;
        _isInBatch = true;
        while (taken < _options.BatchMax && _mailbox.TryDequeue(out var input))
        {
            taken++;
            Take(input);
            if (life != Life) return;
        }

        if (_appended) _log!.Flush();
        _appended = false;
        ArmTimer();
        _isInBatch = false;
        _busyUntil = Instant.Later(_busyUntil, _world.Now + _options.BatchCost + SlowBy);
        if (_mailbox.Count > 0) ScheduleRun();
        CrashIfArmedFor(CrashPoint.WithEffectsHeld, _gate!.HeldCount > 0);
    }

    private void Take(NodeInput input)
    {
        switch (input)
        {
            case NodeInput.Tick:
                if (_node!.NextDeadline > LocalNow) return;
                break;
            case NodeInput.Durable durable:
                _gate!.OnDurable(durable.Lsn);
                var life = Life;
                while (life == Life && _gate.TryRelease(out var released)) CarryOut(released);
                if (life != Life) return;
                break;
            default:
                break;
        }

        Step(input is NodeInput.Tick ? new NodeInput.Tick(Clock.WallAt(_world.Now)) : input);
    }

    private void Step(NodeInput input)
    {
        var life = Life;
        _outbox.Clear();
        var verdict = _node!.Step(input, LocalNow, _outbox);
        _world.Checks.OnStep(this, input, verdict, _outbox);
        if (++_steps % _options.InvariantsEvery == 0 || input is NodeInput.Started) _node.CheckInvariants();
        for (var i = 0; i < _outbox.Count; i++)
        {
            if (i == _outbox.Count / 2) CrashIfArmedFor(CrashPoint.BetweenEffects, _outbox.Count > 1);
            if (life != Life) return;
            if (_gate!.Offer(_outbox[i])) CarryOut(_outbox[i]);
        }

        HeldCountMax = Math.Max(HeldCountMax, _gate!.HeldCount);
        if (_armed is { Point: >= CrashPoint.RetryGranted })
            CrashIfArmedFor(_armed.Point, Decision.Fits(_armed.Point, _node, input, verdict, _outbox));
    }

    private void CarryOut(NodeEffect effect)
    {
        _world.Checks.OnEffect(this, effect);
        switch (effect)
        {
            case NodeEffect.Send send:
                SendTo(send.To, send.Message);
                break;
            case NodeEffect.SendDatagram datagram:
                if (_world.TryPlace(datagram.To, out var place))
                    _world.Network.SendDatagram(Place.Index, place, datagram.Message);
                break;
            case NodeEffect.Append append:
                _log!.Append(append.Record);
                _appended = true;
                break;
            case NodeEffect.Snapshot snapshot:
                _log!.Snapshot(snapshot.Lsn, snapshot.State);
                _appended = true;
                break;
            case NodeEffect.Reply reply:
                _world.Clients.OnReply(this, reply.RequestId, reply.Response);
                break;
            case NodeEffect.StartWorkload start:
                _world.Processes.Start(this, start.Attempt, start.Workflow);
                break;
            case NodeEffect.StopWorkload stop:
                _world.Processes.Stop(this, stop.Attempt, stop.Signal);
                break;
            case NodeEffect.ThrottleWorkload throttle:
                _world.Processes.Throttle(this, throttle.Attempt, throttle.Order);
                break;
            case NodeEffect.HoldRamp hold:
                _world.Processes.HoldRamp(this, hold.Attempt, hold.IsHeld);
                break;
            case NodeEffect.Emit:
                break;
            default:
                throw new UnreachableException($"unhandled {effect}");
        }
    }

    private void SendTo(NodeId to, Message message)
    {
        message = Tell(message);
        if (_world.TryPlace(to, out var place)) _world.Network.Send(Place.Index, place, message);
        else if (message is Message.ClientCall) Post(new NodeInput.SendFailed(to, message));
        else Post(new NodeInput.PeerLost(to));
    }

    private void ScheduleRun()
    {
        if (_isRunScheduled) return;
        _isRunScheduled = true;
        _world.Scheduler.At(Instant.Later(_busyUntil, _world.Now), new HostRunDue(this, Life));
    }
}

public enum HostState : byte { Down, Booting, Opening, Running }
