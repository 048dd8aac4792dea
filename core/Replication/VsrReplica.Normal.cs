using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

// Normal operation: VSR Revisited, section 4.1. tla/PerJobVsr.tla: ClientOp, RecvPrepare, AdvanceCommit.
public sealed partial class VsrReplica
{
    private const int HintEvery = 64;
    private const long HintEveryBytes = 1024 * 1024;
    private const int BackoffMax = 4;

    private readonly Backup[] _backups = [.. config.Replicas.Select(_ => new Backup())];
    private readonly List<long> _held = [];
    private long _inFlightBytes;
    private long _viewRecord;

    // The entry that this replica's view began with.
    private long _viewOp;

    private Instant NextBackupDeadline
    {
        get
        {
            var next = Instant.Never;
            foreach (var backup in _backups) next = Instant.Sooner(next, backup.Deadline);
            return next;
        }
    }

    private void CheckBackups()
    {
        if (!IsPrimary) return;
        foreach (var backup in _backups)
        {
            Invariant.Holds(backup.Match <= backup.Sent || backup.Sent == 0);
            Invariant.Holds(backup.Sent <= _log.Op);
            Invariant.Holds(backup.InFlight.Count <= VsrConfig.WindowMax);
        }
    }

    private void AddBackupsTo(ref Fingerprint fingerprint)
    {
        foreach (var backup in _backups)
        {
            fingerprint.Add(backup.Match);
            fingerprint.Add(backup.IsInView);
        }
    }

    private void AddFlowTo(ref Fingerprint fingerprint)
    {
        foreach (var backup in _backups)
        {
            fingerprint.Add(backup.Sent);
            fingerprint.Add(backup.Committed);
            fingerprint.Add(backup.CommitTold);
            fingerprint.Add((long)backup.InFlight.Count);
            fingerprint.Add(backup.WentBack);
            fingerprint.Add((long)backup.Silence);
            fingerprint.Add(backup.Deadline);
        }
    }

    private void AddSentTo(ref Fingerprint fingerprint, bool hasTimers)
    {
        foreach (var backup in _backups)
        {
            fingerprint.Add(backup.Sent);
            fingerprint.Add((long)backup.InFlight.Count);
            foreach (var end in backup.InFlight) fingerprint.Add(end);
            fingerprint.Add(backup.WentBack);
            if (!hasTimers) continue;
            fingerprint.Add(backup.Committed);
            fingerprint.Add(backup.Deadline == Instant.Never);
        }
    }

    private VsrVerdict OnProposed(VsrInput.Proposed proposed, Instant now, Outbox<VsrEffect> outbox)
    {
        if (!IsPrimary) return VsrVerdict.NotPrimary;
        if (_log.Op - Commit >= config.InFlightMax) return VsrVerdict.Overloaded;
        if (_inFlightBytes + proposed.Command.Length > VsrConfig.InFlightBytesMax && _log.Op > Commit)
            return VsrVerdict.Overloaded;

        AppendAsPrimary(proposed.Command, proposed.Stamp, now, outbox);
        return VsrVerdict.Accepted;
    }

    private void AppendAsPrimary(
        ReadOnlyMemory<byte> command, WallTime stamp, Instant now, Outbox<VsrEffect> outbox)
    {
        if (stamp < _log.LastStamp) stamp = _log.LastStamp;
        var entry = VsrEntry.After(_log.End, View, stamp, command);
        _log.Append(entry);
        _inFlightBytes += command.Length;
        PersistLog(new VsrRecord.Appended([entry]), outbox);
        SendPrepares(now, outbox);
    }

    private VsrVerdict OnPrepare(
        int from, VsrMessage.Prepare prepare, Instant now, Outbox<VsrEffect> outbox)
    {
        if (TellNewerView(from, prepare, outbox)) return VsrVerdict.StaleView;
        if (from != config.PrimaryOf(prepare.View)) return VsrVerdict.Unexpected;
        if (prepare.View > View || Status == VsrStatus.ViewChange)
        {
            CatchUp(prepare.View, now, outbox);
            return VsrVerdict.NotNormal;
        }

        if (Status != VsrStatus.Normal) return VsrVerdict.NotNormal;
        if (prepare.Previous.Op > _log.Op)
        {
            AnswerPrepareOk(outbox);
            return VsrVerdict.Gap;
        }

        var before = _log.Op;
        TakeEntries(prepare, outbox);
        AdvanceCommit(Math.Min(prepare.CommitOp, _log.Op), outbox);
        HintCommit(outbox);
        AnswerPrepareOk(outbox);
        return _log.Op > before || prepare.Entries.Count == 0 ? VsrVerdict.Accepted : VsrVerdict.Duplicate;
    }

    private void TakeEntries(VsrMessage.Prepare prepare, Outbox<VsrEffect> outbox)
    {
        var fresh = new List<VsrEntry>();
        foreach (var entry in prepare.Entries)
        {
            if (entry.Op <= _log.Base.Op) continue;
            if (entry.Op <= _log.Op)
            {
                // One view has one log: what is known must be what the primary says.
                Invariant.Holds(_log[entry.Op].Hash == entry.Hash);
                continue;
            }

            Invariant.Holds(entry.Follows(_log.End));
            _log.Append(entry);
            fresh.Add(entry);
        }

        if (fresh.Count > 0) PersistLog(new VsrRecord.Appended(fresh), outbox);
    }

    private void AnswerPrepareOk(Outbox<VsrEffect> outbox)
    {
        Invariant.Holds(Status == VsrStatus.Normal && !_isDiskLost);
        var ok = new VsrMessage.PrepareOk(View, _incarnation, _log.End, Commit);
        Send(config.PrimaryOf(View), ok, afterPersist: true, outbox);
    }

    private VsrVerdict OnPrepareOk(
        int from, VsrMessage.PrepareOk ok, Instant now, Outbox<VsrEffect> outbox)
    {
        if (TellNewerView(from, ok, outbox)) return VsrVerdict.StaleView;
        if (ok.View > View || !IsPrimary) return VsrVerdict.NotPrimary;
        if (ok.End.Op > _log.Op) return VsrVerdict.Unexpected;
        Invariant.Holds(ok.End.Op < _log.Base.Op || _log.Holds(ok.End));

        var backup = _backups[from];
        backup.IsInView = true;
        backup.Silence = 0;
        backup.Committed = ok.Committed;
        while (backup.InFlight.TryPeek(out var end) && end <= ok.End.Op) backup.InFlight.Dequeue();
        var isNews = ok.End.Op > backup.Match;
        if (isNews) backup.WentBack = false;
        backup.Match = Math.Max(backup.Match, ok.End.Op);
        backup.Sent = Math.Max(backup.Sent, backup.Match);
        // An old answer while newer entries are under way: one of them was lost. Go back once.
        if (!isNews && ok.End.Op == backup.Match && backup.InFlight.Count > 0 && !backup.WentBack)
        {
            backup.WentBack = true;
            backup.GoBack();
        }

        CommitWhatQuorumHas(now, outbox);
        SendPrepares(now, outbox);
        ArmBackup(backup, now);
        return isNews ? VsrVerdict.Accepted : VsrVerdict.Duplicate;
    }

    /// <summary>Whether a backup in this view lacks commits that its primary may think it has: one that
    /// restarted knows fewer than it had told of.</summary>
    private bool MissesCommit(FollowedView followed) => followed.Committed < Commit;

    /// <summary>Whether a primary has to know what one that follows it told of itself.</summary>
    internal bool IsNews(FollowedView followed) =>
        IsPrimary && followed.View == View && (followed.WantsExit || MissesCommit(followed));

    private VsrVerdict OnFollowed(VsrInput.Followed followed, Instant now, Outbox<VsrEffect> outbox)
    {
        var node = IndexOf(followed.Node);
        if (node < 0 || node == config.Self) return VsrVerdict.NotMember;
        if (!IsNews(followed.Told)) return VsrVerdict.Duplicate;
        if (followed.Told.WantsExit)
        {
            _exits.Add(node);
            LeaveViewWithQuorum(now, outbox);
        }

        if (!IsPrimary || !MissesCommit(followed.Told)) return VsrVerdict.Accepted;
        var backup = _backups[node];
        if (backup.Committed < Commit) return VsrVerdict.Duplicate;
        backup.Committed = followed.Told.Committed;
        backup.CommitTold = Math.Min(backup.CommitTold, backup.Committed);
        ArmBackup(backup, now);
        return VsrVerdict.Accepted;
    }

    private VsrVerdict OnCommit(int from, VsrMessage.Commit commit, Instant now, Outbox<VsrEffect> outbox)
    {
        if (TellNewerView(from, commit, outbox)) return VsrVerdict.StaleView;
        if (from != config.PrimaryOf(commit.View)) return VsrVerdict.Unexpected;
        if (commit.View > View || Status == VsrStatus.ViewChange)
        {
            CatchUp(commit.View, now, outbox);
            return VsrVerdict.NotNormal;
        }

        if (Status != VsrStatus.Normal) return VsrVerdict.NotNormal;
        AdvanceCommit(Math.Min(commit.Op, _log.Op), outbox);
        AnswerPrepareOk(outbox);
        return VsrVerdict.Accepted;
    }

    /// <summary>Commits in order what a quorum has on disk in this view, own disk included.</summary>
    private void CommitWhatQuorumHas(Instant now, Outbox<VsrEffect> outbox)
    {
        var held = _held;
        held.Clear();
        for (var i = 0; i < _backups.Length; i++)
            held.Add(i == config.Self ? _ownDurable : _backups[i].Match);
        held.Sort();
        var committed = held[^config.Quorum];
        if (committed <= Commit) return;
        for (var op = Commit + 1; op <= committed; op++) _inFlightBytes -= _log[op].Command.Length;
        AdvanceCommit(committed, outbox);
        if (HasCommittedInView) _escalations = 0;
        HintCommit(outbox);
        for (var i = 0; i < _backups.Length; i++)
            if (i != config.Self) ArmBackup(_backups[i], now);
    }

    /// <summary>The hint keeps what a view change has to carry short.</summary>
    private void HintCommit(Outbox<VsrEffect> outbox)
    {
        if (Commit - _hinted < HintEvery && _unhintedBytes < HintEveryBytes) return;
        (_hinted, _unhintedBytes) = (Commit, 0);
        Persist(new VsrRecord.Committed(Commit), outbox);
    }

    /// <summary>Sends each backup what it lacks, as far as its window allows: while messages are under way
    /// entries gather, and the next message takes them all.</summary>
    private void SendPrepares(Instant now, Outbox<VsrEffect> outbox)
    {
        for (var i = 0; i < _backups.Length; i++)
        {
            var backup = _backups[i];
            if (i == config.Self) continue;
            while (CanSend(backup)) SendPrepare(i, backup, outbox);
            ArmBackup(backup, now);
        }
    }

    /// <summary>A backup behind the log's base needs the state first: its deadline tells it so.</summary>
    private bool CanSend(Backup backup) =>
        backup.Sent >= _log.Base.Op && backup.Sent < _log.Op
        && backup.InFlight.Count < VsrConfig.WindowMax;

    private void SendPrepare(int to, Backup backup, Outbox<VsrEffect> outbox)
    {
        var entries = _log.After(backup.Sent, VsrConfig.BatchEntriesMax, VsrConfig.BatchBytesMax);
        var prepare = new VsrMessage.Prepare(
            View, _incarnation, _log.At(backup.Sent), Commit, entries);
        backup.Sent = entries[^1].Op;
        backup.InFlight.Enqueue(backup.Sent);
        backup.CommitTold = Commit;
        // A Prepare may overtake the own disk, because a restarted primary never resumes its view; it must
        // not overtake the record of the view itself, or the view could begin twice.
        Send(to, prepare, afterPersist: _persisted < _viewRecord, outbox);
    }

    private void SendAgainToBackups(Instant now, Outbox<VsrEffect> outbox)
    {
        for (var i = 0; i < _backups.Length; i++)
        {
            var backup = _backups[i];
            if (i == config.Self || backup.Deadline > now) continue;
            backup.Deadline = Instant.Never;
            if (backup.InFlight.Count > 0 || backup.CommitTold == Commit)
                backup.Silence = Math.Min(backup.Silence + 1, BackoffMax);
            backup.GoBack();
            if (!backup.IsInView)
                Send(i, StartViewMessage(), afterPersist: true, outbox);
            else if (backup.Match < _log.Base.Op)
                Send(i, new VsrMessage.NewerView(View, _incarnation), afterPersist: false, outbox);
            else if (backup.Match < _log.Op)
                SendPrepare(i, backup, outbox);
            else
                SendCommit(i, backup, outbox);
            ArmBackup(backup, now);
        }
    }

    private void SendCommit(int to, Backup backup, Outbox<VsrEffect> outbox)
    {
        backup.CommitTold = Commit;
        Send(to, new VsrMessage.Commit(View, _incarnation, Commit), afterPersist: false, outbox);
    }

    /// <summary>A backup that has everything is left alone; one that stays silent is asked ever
    /// slower.</summary>
    private void ArmBackup(Backup backup, Instant now)
    {
        if (backup.Match == _log.Op && backup.Committed >= Commit)
            backup.Deadline = Instant.Never;
        else if (backup.Match == _log.Op && backup.CommitTold < Commit)
            backup.Deadline = Instant.Sooner(backup.Deadline, now + config.CommitDelay);
        else if (backup.Deadline == Instant.Never)
            backup.Deadline = ResendAfter(now, config.Resend * (1 << backup.Silence));
    }

    /// <summary>Answers a message of an older view with this one.</summary>
    private bool TellNewerView(int from, VsrMessage message, Outbox<VsrEffect> outbox)
    {
        if (message.View >= View) return false;
        Send(from, new VsrMessage.NewerView(View, _incarnation), afterPersist: true, outbox);
        return true;
    }

    /// <summary>What the primary knows of one backup in this view.</summary>
    private sealed class Backup
    {
        /// <summary>It has answered in this view; until then it may not know that the view
        /// began.</summary>
        public bool IsInView { get; set; }

        /// <summary>Everything up to here is on its disk.</summary>
        public long Match { get; set; }

        /// <summary>Everything up to here was sent.</summary>
        public long Sent { get; set; }

        /// <summary>It has committed up to here.</summary>
        public long Committed { get; set; }

        /// <summary>It was told that everything up to here is committed.</summary>
        public long CommitTold { get; set; }

        /// <summary>Last op of each message under way.</summary>
        public Queue<long> InFlight { get; } = new();

        /// <summary>How often in a row a deadline passed without an answer, up to a bound.</summary>
        public int Silence { get; set; }

        public bool WentBack { get; set; }

        public Instant Deadline { get; set; } = Instant.Never;

        public void GoBack()
        {
            Sent = Match;
            InFlight.Clear();
        }
    }
}
