using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

/// <summary>One replica of one ledger group: Viewstamped Replication with its published defects mended
/// (AD-38).</summary>
/// <remarks>View, last normal view and log are on disk before any message that rests on them. An entry is
/// committed once a quorum of the configured replicas has it on disk in the current view. A view is left only
/// by a quorum that wants to, or by its primary: one that restarted, or whose lease the wishes of others rule
/// out. A replica that is behind keeps its old log until the newer one is whole. No rule here depends on a
/// clock: timers only send again what was sent. The model is <c>tla/PerJobVsr.tla</c>. Source: Liskov and
/// Cowling, "Viewstamped Replication Revisited" (2012).</remarks>
public sealed partial class VsrReplica(VsrConfig config) : IMachine<VsrInput, VsrEffect, VsrVerdict>
{
    private readonly SortedSet<int> _suspects = [];
    private readonly Queue<(long Record, long Op)> _appends = new();
    private SortedDictionary<int, long> _peerIncarnations = [];
    private VsrLog _log = new(LogPosition.Start, new WallTime(0));
    private Rng _rng = new(0);
    private long _records;
    private long _persisted;
    private long _ownDurable;
    private long _hinted;
    private long _unhintedBytes;
    private long _incarnation;
    private long _diskLife;
    private bool _isDiskLost;
    private long _restartedIn = -1;
    private Instant _resendAt = Instant.Never;
    private Instant _escalateAt = Instant.Never;
    private int _escalations;

    public int Group => config.Group;

    public VsrStatus Status { get; private set; } = VsrStatus.CatchingUp;

    public long View { get; private set; }

    public long LastNormalView { get; private set; }

    public long Commit { get; private set; }

    /// <summary>What this replica knew to be committed when it last began to lead a view: an earlier primary
    /// had applied all of it.</summary>
    public long CommittedBeforeView { get; private set; }

    public long Op => _log.Op;

    public VsrLog Log => _log;

    /// <summary>Which life this replica is in; 0 in the first.</summary>
    public long Incarnation => _incarnation;

    /// <summary>Whether promises of an earlier life are not made good: it takes part in nothing.</summary>
    public bool IsDiskLost => _isDiskLost;

    public NodeId Primary => config.Replicas[config.PrimaryOf(View)];

    /// <summary>Whether this replica leads its group's current view.</summary>
    public bool IsPrimary => Status == VsrStatus.Normal && IsOwnView;

    /// <summary>Whether this replica has asked the others to leave the view, or may have before it
    /// restarted.</summary>
    public bool MayHaveAskedToLeave => _wantsExit || _restartedIn == View;

    /// <summary>Whether this replica leads and has applied everything of earlier views.</summary>
    public bool HasCommittedInView => IsPrimary && Commit >= _viewOp;

    private bool IsOwnView => config.PrimaryOf(View) == config.Self;

    /// <inheritdoc/>
    public Instant NextDeadline => Instant.Sooner(
        Instant.Sooner(_resendAt, _escalateAt), IsPrimary ? NextBackupDeadline : Instant.Never);

    /// <inheritdoc/>
    public VsrVerdict Step(VsrInput input, Instant now, Outbox<VsrEffect> outbox) => input switch
    {
        VsrInput.Recovered recovered => OnRecovered(recovered, now, outbox),
        VsrInput.Proposed proposed => OnProposed(proposed, now, outbox),
        VsrInput.Received received => OnReceived(received, now, outbox),
        VsrInput.Persisted persisted => OnPersisted(persisted, now, outbox),
        VsrInput.Suspected suspected => OnSuspected(suspected, now, outbox),
        VsrInput.Followed followed => OnFollowed(followed, now, outbox),
        VsrInput.StateCaptured captured => OnStateCaptured(captured, outbox),
        VsrInput.Tick => OnTick(now, outbox),
        _ => throw new UnreachableException($"unhandled {input}"),
    };

    /// <summary>What a snapshot has to hold besides the group's state at <see cref="Commit"/>.</summary>
    public (VsrSnapshotHead Head, IReadOnlyList<VsrEntry> Tail) Capture() => (
        new VsrSnapshotHead(
            View, LastNormalView, _incarnation, _diskLife, _isDiskLost, _log.At(Commit), StampAt(Commit),
            [.. _peerIncarnations]),
        _log.After(Commit, int.MaxValue, int.MaxValue));

    /// <inheritdoc/>
    public void CheckInvariants()
    {
        Invariant.Holds(LastNormalView <= View);
        Invariant.Holds(!_wantsExit || !IsPrimary);
        Invariant.Holds(_log.Base.Op <= Commit);
        Invariant.Holds(Commit <= _log.Op);
        Invariant.Holds(CommittedBeforeView <= Commit);
        Invariant.Holds(_log.LastView <= LastNormalView);
        Invariant.Holds(Status != VsrStatus.Normal || LastNormalView == View);
        Invariant.Holds(Status != VsrStatus.Normal || !_isDiskLost);
        Invariant.Holds(Status == VsrStatus.ViewChange || _votes.Count == 0);
        Invariant.Holds(_ownDurable <= _log.Op);
        Invariant.Holds(!_isDiskLost || Status is VsrStatus.LostDisk or VsrStatus.CatchingUp);
        CheckBackups();
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        AddProtocolTo(ref fingerprint);
        fingerprint.Add((long)_escalations);
        fingerprint.Add(_resendAt);
        fingerprint.Add(_escalateAt);
        AddFlowTo(ref fingerprint);
        fingerprint.Add(CommittedBeforeView);
        _rng.AddTo(ref fingerprint);
    }

    /// <summary>Mixes in what the protocol decides on, without what only times and repeats
    /// messages.</summary>
    public void AddProtocolTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((ulong)Status);
        fingerprint.Add(View);
        fingerprint.Add(LastNormalView);
        fingerprint.Add(Commit);
        fingerprint.Add(_incarnation);
        fingerprint.Add(_diskLife);
        fingerprint.Add(_isDiskLost);
        fingerprint.Add(_ownDurable);
        fingerprint.Add(_records - _persisted);
        foreach (var (record, op) in _appends)
        {
            fingerprint.Add(_records - record);
            fingerprint.Add(op);
        }

        foreach (var suspect in _suspects) fingerprint.Add((long)suspect);
        foreach (var (peer, life) in _peerIncarnations)
        {
            fingerprint.Add((long)peer);
            fingerprint.Add(life);
        }

        _log.AddTo(ref fingerprint);
        AddBackupsTo(ref fingerprint);
        AddViewChangeTo(ref fingerprint);
        AddTransferTo(ref fingerprint);
    }

    /// <summary>Mixes in all that decides which messages may come next, but for how long a wait is: replicas
    /// that agree in it can do the same, should their deadlines pass.</summary>
    /// <param name="hasTimers">Whether deadlines pass at all; without, which of them are set does not
    /// matter.</param>
    public void AddUntimedTo(ref Fingerprint fingerprint, bool hasTimers)
    {
        AddProtocolTo(ref fingerprint);
        AddSentTo(ref fingerprint, hasTimers);
        fingerprint.Add(_transfer is null ? 0 : _transfer.End.Hash);
        fingerprint.Add(_viewOp);
        fingerprint.Add(_persisted < _viewRecord);
        if (!hasTimers) return;
        fingerprint.Add(_resendAt == Instant.Never);
        fingerprint.Add(_escalateAt == Instant.Never);
    }

    private VsrVerdict OnRecovered(VsrInput.Recovered recovered, Instant now, Outbox<VsrEffect> outbox)
    {
        var durable = recovered.Durable;
        _rng = Rng.Stream(recovered.Seed, "vsr", n: (ulong)config.Group);
        (View, LastNormalView, _log) = (durable.View, durable.LastNormalView, durable.Log);
        (_incarnation, _diskLife, _isDiskLost) = (durable.Incarnation, durable.DiskLife, durable.IsDiskLost);
        _peerIncarnations = durable.PeerIncarnations;
        _restartedIn = View;
        Commit = _log.Base.Op;
        outbox.Emit(new VsrEffect.Restore(durable.State));
        AdvanceCommit(durable.Commit, outbox);
        (_hinted, _unhintedBytes) = (Commit, 0);
        if (recovered.NewLife is { } life && life != _diskLife)
            BeginLife(Math.Max(life, _incarnation + 1), life, outbox);
        if (_isDiskLost) BeginRecovery(now, outbox);
        // A restarted primary may have lost a tail that others hold, or that it had begun the view at all: it
        // never leads a view that it was in before.
        else if (IsOwnView) JoinView(View + 1, now, outbox);
        else if (LastNormalView == View) EnterNormal(now, outbox);
        else BeginViewChange(now, outbox);
        return VsrVerdict.Accepted;
    }

    private VsrVerdict OnReceived(VsrInput.Received received, Instant now, Outbox<VsrEffect> outbox)
    {
        var from = IndexOf(received.From);
        if (from < 0 || from == config.Self) return VsrVerdict.NotMember;
        var message = received.Message;
        if (message is VsrMessage.LaterLife later) return OnLaterLife(later, now, outbox);
        var known = _peerIncarnations.GetValueOrDefault(from);
        if (message.Incarnation < known)
        {
            Send(from, new VsrMessage.LaterLife(View, _incarnation, known), afterPersist: false, outbox);
            return VsrVerdict.StaleIncarnation;
        }

        if (message.Incarnation > known)
            BeginPeerLife(from, message.Incarnation, outbox);
        return message switch
        {
            VsrMessage.Prepare prepare => OnPrepare(from, prepare, now, outbox),
            VsrMessage.PrepareOk ok => OnPrepareOk(from, ok, now, outbox),
            VsrMessage.Commit commit => OnCommit(from, commit, now, outbox),
            VsrMessage.ExitView exit => OnExitView(from, exit, now, outbox),
            VsrMessage.DoViewChange change => OnDoViewChange(from, change, now, outbox),
            VsrMessage.StartView start => OnStartView(from, start, now, outbox),
            VsrMessage.NewerView newer => OnNewerView(from, newer, now, outbox),
            VsrMessage.GetState get => OnGetState(from, get, now, outbox),
            VsrMessage.NewState state => OnNewState(from, state, now, outbox),
            VsrMessage.Recovery recovery => OnRecovery(from, recovery, now, outbox),
            VsrMessage.RecoveryResponse response => OnRecoveryResponse(from, response, now, outbox),
            _ => throw new UnreachableException($"unhandled {message}"),
        };
    }

    private VsrVerdict OnPersisted(VsrInput.Persisted persisted, Instant now, Outbox<VsrEffect> outbox)
    {
        Invariant.Holds(persisted.Count <= _records);
        _persisted = persisted.Count;
        while (_appends.TryPeek(out var append) && append.Record <= persisted.Count)
            _ownDurable = _appends.Dequeue().Op;
        if (IsPrimary) CommitWhatQuorumHas(now, outbox);
        return VsrVerdict.Accepted;
    }

    private VsrVerdict OnTick(Instant now, Outbox<VsrEffect> outbox)
    {
        if (IsPrimary) SendAgainToBackups(now, outbox);
        if (_escalateAt <= now) Escalate(now, outbox);
        if (_resendAt <= now) SendAgain(now, outbox);
        return VsrVerdict.Accepted;
    }

    /// <summary>A peer's disk lost what it had promised: everything counted of its earlier lives is
    /// void.</summary>
    private void BeginPeerLife(int peer, long incarnation, Outbox<VsrEffect> outbox)
    {
        _peerIncarnations[peer] = incarnation;
        Persist(new VsrRecord.PeerIncarnation(peer, incarnation), outbox);
        _votes.Remove(peer);
        _exits.Remove(peer);
        _recoveries.Remove(peer);
        _captures.Remove(peer);
        _backups[peer] = new Backup();
    }

    private void BeginLife(long incarnation, long diskLife, Outbox<VsrEffect> outbox)
    {
        Invariant.Holds(incarnation > _incarnation);
        (_incarnation, _diskLife, _isDiskLost) = (incarnation, diskLife, true);
        Persist(new VsrRecord.DiskLost(incarnation, diskLife), outbox);
    }

    private void Persist(VsrRecord record, Outbox<VsrEffect> outbox)
    {
        _records++;
        outbox.Emit(new VsrEffect.Persist(record));
    }

    /// <summary>Persists what makes the log end where it ends; this replica's own vote counts from
    /// there.</summary>
    private void PersistLog(VsrRecord record, Outbox<VsrEffect> outbox)
    {
        Persist(record, outbox);
        _appends.Enqueue((_records, _log.Op));
    }

    private void AdvanceCommit(long to, Outbox<VsrEffect> outbox)
    {
        while (Commit < to)
        {
            Commit++;
            _unhintedBytes += _log[Commit].Command.Length;
            outbox.Emit(new VsrEffect.Apply(_log[Commit]));
        }

        if (Commit - _log.Base.Op > 2L * config.KeptEntries) _log.TrimTo(Commit - config.KeptEntries);
    }

    private void Send(int to, VsrMessage message, bool afterPersist, Outbox<VsrEffect> outbox) =>
        outbox.Emit(new VsrEffect.Send(config.Replicas[to], message, afterPersist));

    private void Broadcast(VsrMessage message, bool afterPersist, Outbox<VsrEffect> outbox)
    {
        for (var peer = 0; peer < config.Replicas.Count; peer++)
            if (peer != config.Self) Send(peer, message, afterPersist, outbox);
    }

    private WallTime StampAt(long op) => op == _log.Base.Op ? _log.BaseStamp : _log[op].Stamp;

    private int IndexOf(NodeId node)
    {
        for (var i = 0; i < config.Replicas.Count; i++)
            if (config.Replicas[i] == node) return i;
        return -1;
    }

    private Instant ResendAfter(Instant now, Duration wait) =>
        now + wait + new Duration(_rng.Below((wait.Nanoseconds / 4) + 1));
}

/// <summary>What a snapshot says of a replica, besides the state and the log's tail.</summary>
public sealed record VsrSnapshotHead(
    long View,
    long LastNormalView,
    long Incarnation,
    long DiskLife,
    bool IsDiskLost,
    LogPosition Position,
    WallTime Stamp,
    IReadOnlyList<KeyValuePair<int, long>> PeerIncarnations);
