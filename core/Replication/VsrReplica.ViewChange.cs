using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

// View change: VSR Revisited, section 4.2. tla/PerJobVsr.tla: WantExit, LeaveView, RecvDoViewChange,
// StartView, RecvStartView.
public sealed partial class VsrReplica
{
    private const int EscalationsMax = 3;

    private readonly SortedSet<int> _exits = [];
    private readonly SortedDictionary<int, VsrMessage.DoViewChange> _votes = [];
    private bool _wantsExit;

    private void AddViewChangeTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_wantsExit);
        fingerprint.Add(_restartedIn == View);
        foreach (var peer in _exits) fingerprint.Add((long)peer);
        foreach (var (peer, vote) in _votes)
        {
            fingerprint.Add((long)peer);
            fingerprint.Add(vote.LastNormalView);
            fingerprint.Add(vote.TailFrom.Op);
            fingerprint.Add(vote.End.Hash);
        }
    }

    private VsrVerdict OnSuspected(VsrInput.Suspected suspected, Instant now, Outbox<VsrEffect> outbox)
    {
        var node = IndexOf(suspected.Node);
        if (node < 0 || node == config.Self) return VsrVerdict.NotMember;
        var changed = suspected.IsSuspect ? _suspects.Add(node) : _suspects.Remove(node);
        if (!changed) return VsrVerdict.Duplicate;
        if (node != config.PrimaryOf(View)) LeaveViewWithQuorum(now, outbox);
        else if (suspected.IsSuspect) WantExit(now, outbox);
        return VsrVerdict.Accepted;
    }

    /// <summary>Asks the others to leave the view; only a quorum that wants to does. One deaf replica
    /// disturbs nobody.</summary>
    /// <remarks>Whoever was asked may count it at any time from here on, so it is never taken back in this
    /// view, and this replica no longer supports the lease of the view's primary, nor leads it: its wish
    /// could end the view without its knowing, under its own lease.</remarks>
    private void WantExit(Instant now, Outbox<VsrEffect> outbox)
    {
        if (_isDiskLost) return;
        _wantsExit = true;
        _exits.Add(config.Self);
        Broadcast(new VsrMessage.ExitView(View, _incarnation), afterPersist: true, outbox);
        _resendAt = Instant.Sooner(_resendAt, ResendAfter(now, config.Resend));
        LeaveViewWithQuorum(now, outbox);
    }

    private VsrVerdict OnExitView(
        int from, VsrMessage.ExitView exit, Instant now, Outbox<VsrEffect> outbox)
    {
        if (TellNewerView(from, exit, outbox)) return VsrVerdict.StaleView;
        if (exit.View > View) CatchUp(exit.View, now, outbox);
        var isNews = _exits.Add(from);
        LeaveViewWithQuorum(now, outbox);
        return isNews ? VsrVerdict.Accepted : VsrVerdict.Duplicate;
    }

    /// <summary>Leaves with a quorum that wants to; as a primary also when wishes leave too few for a lease,
    /// and there are enough for another view: it would lead and never answer a read.</summary>
    private void LeaveViewWithQuorum(Instant now, Outbox<VsrEffect> outbox)
    {
        var isWish = _wantsExit && _exits.Count >= config.Quorum;
        if (isWish || (IsPrimary && IsLeaseless)) JoinView(View + 1, now, outbox);
    }

    private bool IsLeaseless
    {
        get
        {
            var (reachable, supporting) = (0, 0);
            for (var i = 0; i < config.Replicas.Count; i++)
            {
                if (_suspects.Contains(i)) continue;
                reachable++;
                if (!_exits.Contains(i)) supporting++;
            }

            return supporting < config.Quorum && reachable >= config.Quorum;
        }
    }

    /// <summary>Joins a higher view with the log of the last normal one.</summary>
    private void JoinView(long view, Instant now, Outbox<VsrEffect> outbox)
    {
        Invariant.Holds(view > View);
        Invariant.Holds(!_isDiskLost);
        LeaveView(view, outbox);
        BeginViewChange(now, outbox);
    }

    /// <summary>Moves the durable view up; the log and the last normal view stay.</summary>
    private void LeaveView(long view, Outbox<VsrEffect> outbox)
    {
        GiveViewUp(outbox);
        View = view;
        Persist(new VsrRecord.ViewJoined(view), outbox);
    }

    /// <summary>Whatever this replica was about in its view, or was asked there, counts no more.</summary>
    private void GiveViewUp(Outbox<VsrEffect> outbox)
    {
        if (Status == VsrStatus.Normal) outbox.Emit(new VsrEffect.ViewLeft(View));
        EndTransfer();
        _wantsExit = false;
        _exits.Clear();
        _votes.Clear();
    }

    private void BeginViewChange(Instant now, Outbox<VsrEffect> outbox)
    {
        Status = VsrStatus.ViewChange;
        ArmChange(now);
        SendDoViewChange(now, outbox);
        if (_suspects.Contains(config.PrimaryOf(View))) WantExit(now, outbox);
    }

    private void ArmChange(Instant now)
    {
        _resendAt = ResendAfter(now, config.Resend);
        _escalateAt = ResendAfter(now, config.Escalation * (1 << _escalations));
    }

    private void SendDoViewChange(Instant now, Outbox<VsrEffect> outbox)
    {
        var change = new VsrMessage.DoViewChange(
            View, _incarnation, LastNormalView, _log.At(Commit),
            _log.After(Commit, int.MaxValue, int.MaxValue));
        if (IsOwnView) Vote(config.Self, change, now, outbox);
        else Send(config.PrimaryOf(View), change, afterPersist: true, outbox);
    }

    private VsrVerdict OnDoViewChange(
        int from, VsrMessage.DoViewChange change, Instant now, Outbox<VsrEffect> outbox)
    {
        if (TellNewerView(from, change, outbox)) return VsrVerdict.StaleView;
        if (config.PrimaryOf(change.View) != config.Self) return VsrVerdict.Unexpected;
        if (_isDiskLost) return VsrVerdict.NotNormal;
        if (!IsWhole(change)) return VsrVerdict.Unexpected;
        if (change.View > View) JoinView(change.View, now, outbox);
        if (Status == VsrStatus.Normal)
        {
            // It has not heard that the view began.
            Send(from, StartViewMessage(), afterPersist: true, outbox);
            return VsrVerdict.Duplicate;
        }

        if (Status != VsrStatus.ViewChange) return VsrVerdict.NotNormal;
        var isNews = !_votes.ContainsKey(from);
        Vote(from, change, now, outbox);
        return isNews ? VsrVerdict.Accepted : VsrVerdict.Duplicate;
    }

    private void Vote(int from, VsrMessage.DoViewChange vote, Instant now, Outbox<VsrEffect> outbox)
    {
        _votes[from] = vote;
        if (_votes.Count < config.Quorum || IsFetching) return;
        var (best, log) = _votes.Select(v => (v.Key, v.Value))
            .OrderByDescending(v => v.Value.LastNormalView)
            .ThenByDescending(v => v.Value.End.Op)
            .ThenBy(v => v.Key)
            .First();
        if (_log.Holds(log.TailFrom)) StartViewWith(log.TailFrom, log.Tail, null, now, outbox);
        else Fetch(best, now, outbox);
    }

    /// <summary>Takes over the chosen log and begins the view: section 4.2, step 3.</summary>
    private void StartViewWith(
        LogPosition from, IReadOnlyList<VsrEntry> tail, StateAt? state, Instant now, Outbox<VsrEffect> outbox)
    {
        if (_wantsExit)
        {
            // Others may act on its wish at any time: it would lead without knowing how long.
            JoinView(View + 1, now, outbox);
            return;
        }

        var commit = Math.Max(Commit, _votes.Values.Max(vote => vote.TailFrom.Op));
        Install(from, tail, state, commit, outbox);
        CommittedBeforeView = Commit;
        _viewRecord = _records;
        for (var i = 0; i < _backups.Length; i++) _backups[i] = new Backup();
        _inFlightBytes = 0;
        for (var op = Commit + 1; op <= _log.Op; op++) _inFlightBytes += _log[op].Command.Length;
        Broadcast(StartViewMessage(), afterPersist: true, outbox);
        foreach (var backup in _backups) backup.Sent = _log.Op;
        outbox.Emit(new VsrEffect.ViewStarted(View, IsPrimary: true));
        // The entry of this view whose commit commits the tail of the earlier ones.
        _viewOp = _log.Op + 1;
        AppendAsPrimary(ReadOnlyMemory<byte>.Empty, _log.LastStamp, now, outbox);
    }

    private VsrMessage.StartView StartViewMessage() => new(
        View, _incarnation, _log.At(Commit), _log.After(Commit, int.MaxValue, int.MaxValue));

    private VsrVerdict OnStartView(
        int from, VsrMessage.StartView start, Instant now, Outbox<VsrEffect> outbox)
    {
        if (TellNewerView(from, start, outbox)) return VsrVerdict.StaleView;
        if (from != config.PrimaryOf(start.View)) return VsrVerdict.Unexpected;
        if (Status == VsrStatus.LostDisk) return VsrVerdict.NotNormal;
        // It may be older than what the lost disk had promised in this view: only what was asked for since
        // makes that good.
        if (start.View == View && _isDiskLost) return VsrVerdict.NotNormal;
        if (start.View == View && Status == VsrStatus.Normal)
        {
            AnswerPrepareOk(outbox);
            return VsrVerdict.Duplicate;
        }

        if (!IsChain(start.TailFrom, start.Tail)) return VsrVerdict.Unexpected;
        if (!_log.Holds(start.TailFrom))
        {
            CatchUp(start.View, now, outbox);
            return VsrVerdict.Gap;
        }

        if (start.View > View) LeaveView(start.View, outbox);
        if (HasLogOfView(start.End)) EndTransfer();
        else Install(start.TailFrom, start.Tail, null, start.TailFrom.Op, outbox);
        EnterNormal(now, outbox);
        return VsrVerdict.Accepted;
    }

    private VsrVerdict OnNewerView(
        int from, VsrMessage.NewerView newer, Instant now, Outbox<VsrEffect> outbox)
    {
        if (newer.View < View) return VsrVerdict.StaleView;
        // In the same view only the primary knows better: this replica is behind its log.
        var isBehind = newer.View > View
            || (from == config.PrimaryOf(View) && Status == VsrStatus.Normal);
        if (!isBehind) return VsrVerdict.Duplicate;
        if (Status == VsrStatus.LostDisk) return VsrVerdict.NotNormal;
        CatchUp(newer.View, now, outbox);
        return VsrVerdict.Accepted;
    }

    /// <summary>Replaces the log from where it differs, in one record, and with it the last normal
    /// view.</summary>
    private void Install(
        LogPosition from,
        IReadOnlyList<VsrEntry> tail,
        StateAt? state,
        long commit,
        Outbox<VsrEffect> outbox)
    {
        if (state is { } whole)
        {
            Invariant.Holds(whole.Position.Op >= Commit);
            _log = new VsrLog(whole.Position, whole.Stamp);
            Commit = whole.Position.Op;
            outbox.Emit(new VsrEffect.Restore(whole.Bytes));
            from = whole.Position;
        }
        else
        {
            (from, tail) = WithoutWhatIsHere(from, tail);
            // A committed entry is in every log that a view may begin with.
            Invariant.Holds(from.Op >= Commit);
            _log.TruncateAfter(from.Op);
        }

        foreach (var entry in tail) _log.Append(entry);
        _ownDurable = Math.Min(_ownDurable, from.Op);
        _appends.Clear();
        LastNormalView = View;
        _isDiskLost = false;
        Status = VsrStatus.Normal;
        EndTransfer();
        _votes.Clear();
        (_resendAt, _escalateAt) = (Instant.Never, Instant.Never);
        commit = Math.Clamp(commit, Commit, _log.Op);
        PersistLog(
            new VsrRecord.LogInstalled(View, from, StampAt(from.Op), state?.Bytes, tail, commit), outbox);
        AdvanceCommit(commit, outbox);
        (_hinted, _unhintedBytes) = (commit, 0);
    }

    /// <summary>What of a log follows the part of it that this replica has.</summary>
    private (LogPosition From, IReadOnlyList<VsrEntry> Tail) WithoutWhatIsHere(
        LogPosition from, IReadOnlyList<VsrEntry> tail)
    {
        var known = 0;
        while (known < tail.Count && IsHere(tail[known])) known++;
        if (known == 0) return (from, tail);
        var last = tail[known - 1];
        return (new LogPosition(last.Op, last.Hash), [.. tail.Skip(known)]);
    }

    private bool IsHere(VsrEntry entry) =>
        entry.Op <= _log.Base.Op || (entry.Op <= _log.Op && _log[entry.Op].Hash == entry.Hash);

    /// <summary>Whether this log is the view's already and no shorter: an old message must not cut off what
    /// was promised since.</summary>
    private bool HasLogOfView(LogPosition end) =>
        LastNormalView == View && end.Op <= _log.Op && !_isDiskLost;

    private void EnterNormal(Instant now, Outbox<VsrEffect> outbox)
    {
        Status = VsrStatus.Normal;
        // A view that is left again at once was none: the next one gets more time.
        if (!_wantsExit) _escalations = 0;
        _resendAt = _wantsExit ? ResendAfter(now, config.Resend) : Instant.Never;
        _escalateAt = Instant.Never;
        outbox.Emit(new VsrEffect.ViewStarted(View, IsPrimary: false));
        AnswerPrepareOk(outbox);
        if (_suspects.Contains(config.PrimaryOf(View))) WantExit(now, outbox);
    }

    /// <summary>The view came to nothing for long: this replica wants the next one.</summary>
    private void Escalate(Instant now, Outbox<VsrEffect> outbox)
    {
        _escalations = Math.Min(_escalations + 1, EscalationsMax);
        _escalateAt = ResendAfter(now, config.Escalation * (1 << _escalations));
        WantExit(now, outbox);
    }

    private void SendAgain(Instant now, Outbox<VsrEffect> outbox)
    {
        _resendAt = ResendAfter(now, config.Resend);
        // In a view that goes on, heartbeats tell the primary of the wish, and nobody else needs to know.
        var asks = _wantsExit && (Status != VsrStatus.Normal || _suspects.Contains(config.PrimaryOf(View)));
        if (asks) Broadcast(new VsrMessage.ExitView(View, _incarnation), afterPersist: true, outbox);
        switch (Status)
        {
            case VsrStatus.Normal:
                _resendAt = asks ? ResendAfter(now, config.Escalation) : Instant.Never;
                break;
            case VsrStatus.ViewChange when IsFetching:
            case VsrStatus.CatchingUp:
                AskForState(outbox);
                break;
            case VsrStatus.ViewChange:
                if (!IsOwnView) SendDoViewChange(now, outbox);
                break;
            case VsrStatus.LostDisk:
                AskForRecovery(outbox);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"unhandled {Status}");
        }
    }

    private static bool IsWhole(VsrMessage.DoViewChange change) =>
        change.LastNormalView < change.View && IsChain(change.TailFrom, change.Tail);

    private static bool IsChain(LogPosition from, IReadOnlyList<VsrEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (!entry.Follows(from)) return false;
            from = new LogPosition(entry.Op, entry.Hash);
        }

        return true;
    }
}
