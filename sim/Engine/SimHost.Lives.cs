using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Disk;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>How a node's processes start, tick, stand still and die.</summary>
public sealed partial class SimHost
{
    // The shell's timer counts whole milliseconds and never fires early.
    private const long TimerLatenessNanoseconds = 1_000_000;

    private Instant _timerAt = Instant.Never;
    private int _timer;
    private Instant _pausedUntil = Instant.Zero;
    private PlannedFault.Crash? _armed;
    private bool _hasDiskEver;

    /// <summary>Added to the time of every batch.</summary>
    public Duration SlowBy
    {
        get;
        set
        {
            field = value;
            HamperedUntil = value > Duration.Zero ? Instant.Never : Instant.Later(_world.Now, _busyUntil);
        }
    }

    /// <summary>Until when the process could not do its work in time.</summary>
    public Instant HamperedUntil { get; private set; } = Instant.Zero;

    /// <summary>What it tells in place of what is true; null for the truth.</summary>
    public Lie? Lie { get; set; }

    /// <summary>Whether anything that it ever told was not true.</summary>
    public bool HasLied { get; private set; }

    /// <summary>Whether it ever told of more than there can have been.</summary>
    public bool HasLiedHugely { get; private set; }

    /// <summary>Added to every sync.</summary>
    public Duration DiskStall
    {
        get;
        set
        {
            field = value;
            if (_log is not null) _log.Stall = value;
        }
    }

    public void Start()
    {
        Invariant.Holds(State == HostState.Down);
        Life++;
        State = HostState.Booting;
        var wait = new Duration(_options.BootTime.Nanoseconds
            + (long)(Rng.Mix(_seed ^ (ulong)Life) % (ulong)Math.Max(1, _options.BootTime.Nanoseconds)));
        _world.Scheduler.After(wait, new BootDone(this, Life));
    }

    /// <summary>The process stands still for a while.</summary>
    public void Pause(Duration length)
    {
        if (State != HostState.Running) return;
        _pausedUntil = Instant.Later(_pausedUntil, _world.Now + length);
        _busyUntil = Instant.Later(_busyUntil, _pausedUntil);
        HamperedUntil = Instant.Later(HamperedUntil, _pausedUntil);
    }

    /// <summary>Dies at the next instant that fits the fault's point.</summary>
    public void Arm(PlannedFault.Crash crash)
    {
        if (State == HostState.Down) return;
        var needsDisk = crash.Point is CrashPoint.DuringSync or CrashPoint.WithEffectsHeld;
        var isNow = crash.Point == CrashPoint.Anywhere || (needsDisk && !Place.HasDisk)
            || (crash.Point == CrashPoint.DuringSync && _log is { IsSyncing: true });
        if (isNow) Die(crash);
        else _armed = crash;
    }

    /// <summary>Nothing goes wrong with this node any more.</summary>
    public void Recover()
    {
        _armed = null;
        _pausedUntil = Instant.Sooner(_pausedUntil, _world.Now);
        _busyUntil = Instant.Sooner(_busyUntil, _world.Now);
        if (_mailbox.Count > 0)
        {
            _isRunScheduled = false;
            ScheduleRun();
        }

        _log?.FailNext(false);
        SlowBy = Duration.Zero;
        DiskStall = Duration.Zero;
        Lie = null;
        SetClockRate(1000);
        if (State == HostState.Down) Start();
    }

    private Message Tell(Message message)
    {
        if (Lie is null) return message;
        var told = Lie.Tell(message);
        var isLie = !ReferenceEquals(told, message);
        HasLied |= isLie;
        HasLiedHugely |= isLie && Lie.IsHuge;
        return told;
    }

    /// <summary>The monotonic clock runs at another rate from now on.</summary>
    public void SetClockRate(int perThousand)
    {
        Clock.SetRate(_world.Now, perThousand);
        _timerAt = Instant.Never;
        _timer++;
        if (State == HostState.Running) ArmTimer();
    }

    public void FailNextSync(Duration restart)
    {
        if (_log is null) return;
        _restartAfterDiskError = restart;
        _log.FailNext(true);
    }

    private Duration _restartAfterDiskError = Duration.FromSeconds(1);

    void ISimLogOwner.OnSyncBegins(Duration length)
    {
        if (_armed is not { Point: CrashPoint.DuringSync } crash) return;
        _armed = null;
        _world.Scheduler.After(length / 2, new CrashDue(this, Life, crash));
    }

    void ISimLogOwner.OnDiskFailed()
    {
        Coverage.Fired(FaultFamily.DiskError);
        End(CrashExtent.Process, _restartAfterDiskError);
    }

    internal void OnCrashDue(int life, PlannedFault.Crash crash)
    {
        if (life == Life && State != HostState.Down) Die(crash);
    }

    internal void OnBootDone(int life)
    {
        if (life != Life || State != HostState.Booting) return;
        if (!IsMachineUp)
        {
            IsMachineUp = true;
            _world.Network.OnMachineUp();
        }

        if (!Place.HasDisk)
        {
            Begin(RecoveredLog.Nothing, new BootId(Rng.Mix(_seed ^ ((ulong)Life << 32))));
            return;
        }

        State = HostState.Opening;
        var latencySeed = Rng.Mix(_seed ^ ((ulong)Life << 40));
        _log = new SimLog(
            _world.Scheduler, Place.Index, Life, _directory, _world.Plan.Options.Disk, latencySeed, this)
        {
            Stall = DiskStall,
        };
        if (_log.Open(DiskStart()) is { } fault) _world.Checks.OnRefusedDirectory(this, fault);
    }

    internal void OnTimer(int life, int timer)
    {
        if (life != Life || timer != _timer) return;
        _timerAt = Instant.Never;
        Post(new NodeInput.Tick(default));
    }

    // Before the first start an operator made the disk; an empty one later on was lost.
    private DiskStart DiskStart() => new(
        new WalIdentity(_world.Topology.ClusterId, Id),
        Rng.Draw(_seed, "disk", n: (ulong)Life),
        Clock.WallAt(_world.Now),
        _world.Topology.CopiesOf(Id),
        _hasDiskEver ? EmptyDisk.LostDisk : EmptyDisk.NewNode);

    private void Begin(RecoveredLog recovered, BootId boot)
    {
        State = HostState.Running;
        Boot = boot;
        Clock.Restart(_world.Now);
        _node = _world.CreateNode(Place);
        _gate = new DurabilityGate(recovered.LastLsn);
        _busyUntil = _world.Now;
        _world.Checks.OnStarted(this, recovered);
        var seed = Rng.Mix(_seed ^ ((ulong)Life << 16));
        Post(new NodeInput.Started(recovered, seed, boot, Clock.WallAt(_world.Now)));
        _world.Processes.OnHostStarted(this);
        if (Place.Role == NodeRole.Client) _world.Clients.OnHostStarted(this);
    }

    private void CrashIfArmedFor(CrashPoint point, bool fits)
    {
        if (!fits || _armed?.Point != point) return;
        Die(_armed);
    }

    private void Die(PlannedFault.Crash crash)
    {
        Coverage.Fired(crash.Family);
        if (_log is { IsSyncing: true })
        {
            Coverage.Sometimes(
                State == HostState.Opening ? Probe.CrashDuringOpening : Probe.CrashDuringSync);
        }

        if (crash.Point == CrashPoint.BetweenEffects) Coverage.Sometimes(Probe.CrashBetweenEffects);
        if (_gate is { HeldCount: > 0 }) Coverage.Sometimes(Probe.CrashWithEffectsHeldBack);
        End(crash.Extent, crash.Restart);
    }

    /// <summary>The process is gone, and with it everything that was not on disk.</summary>
    private void End(CrashExtent extent, Duration restart)
    {
        var wasRunning = State == HostState.Running;
        _armed = null;
        _log?.Kill();
        _log = null;
        _node = null;
        _gate = null;
        _mailbox.Clear();
        _isInBatch = false;
        _isRunScheduled = false;
        _appended = false;
        _timerAt = Instant.Never;
        _pausedUntil = Instant.Zero;
        State = HostState.Down;
        Life++;
        if (extent == CrashExtent.Machine) LoseUnsynced();
        if (wasRunning) _world.OnProcessEnded(this, extent);
        _world.Scheduler.After(restart, new RestartDue(this, Life));
    }

    internal void OnRestartDue(int life)
    {
        if (life == Life && State == HostState.Down) Start();
    }

    private void LoseUnsynced()
    {
        IsMachineUp = false;
        if (!Place.HasDisk || !_directory.HasUnsynced) return;
        var rng = Rng.Stream(_world.Plan.Seed, "crash", Id.Name, (ulong)Life);
        _directory = _directory.Crash(rng, out var lostSome);
        if (lostSome) Coverage.Sometimes(Probe.UnsyncedWriteLost);
    }

    private void ArmTimer()
    {
        var due = Clock.WorldAt(_node!.NextDeadline);
        if (due == Instant.Never || due >= _timerAt) return;
        var lateness = (long)(Rng.Mix(_seed ^ ((ulong)_timer << 20)) % TimerLatenessNanoseconds);
        _timerAt = due;
        _timer++;
        var at = Instant.Later(due, _world.Now) + new Duration(lateness + 1);
        _world.Scheduler.At(at, new TimerDue(this, Life, _timer));
    }
}
