using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Replication;

// State transfer and recovery of a lost disk: VSR Revisited, sections 4.3 and 5.2, with two published defects
// mended: nothing is cut off before the newer log is whole (Vanlightly, 2022), and promises of an earlier
// life count for nothing (Michael et al., DISC 2017).
public sealed partial class VsrReplica
{
    private readonly SortedDictionary<int, VsrMessage.RecoveryResponse> _recoveries = [];
    private readonly SortedDictionary<int, StateAt> _captures = [];
    private Transfer? _transfer;
    private ulong _nonce;

    private bool IsFetching => Status == VsrStatus.ViewChange && _transfer is not null;

    private void AddTransferTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_nonce);
        fingerprint.Add((long)_recoveries.Count);
        foreach (var (peer, capture) in _captures)
        {
            fingerprint.Add((long)peer);
            fingerprint.Add(capture.Position.Op);
        }

        fingerprint.Add(_transfer is not null);
        if (_transfer is null) return;
        fingerprint.Add((long)_transfer.Source);
        fingerprint.Add((long)_transfer.Part);
        fingerprint.Add(_transfer.End.Op);
    }

    /// <summary>Learns the log of a view from its primary. The own log and the last normal view stay what
    /// they are until all of it is here.</summary>
    private void CatchUp(long view, Instant now, Outbox<VsrEffect> outbox)
    {
        Invariant.Holds(view >= View);
        if (Status == VsrStatus.LostDisk) return;
        if (view == View && Status == VsrStatus.CatchingUp) return;
        if (view > View) LeaveView(view, outbox);
        else if (Status == VsrStatus.Normal) outbox.Emit(new VsrEffect.ViewLeft(View));
        _votes.Clear();
        Status = VsrStatus.CatchingUp;
        ArmChange(now);
        // Its own view's primary has nobody to learn from; its vote starts the view, or it wants the next.
        if (IsOwnView && !_isDiskLost) BeginViewChange(now, outbox);
        else BeginTransfer(config.PrimaryOf(View), outbox);
        if (_suspects.Contains(config.PrimaryOf(View))) WantExit(now, outbox);
    }

    /// <summary>The new primary lacks entries of the log that was chosen.</summary>
    private void Fetch(int source, Instant now, Outbox<VsrEffect> outbox)
    {
        _resendAt = ResendAfter(now, config.Resend);
        BeginTransfer(source, outbox);
    }

    private void BeginTransfer(int source, Outbox<VsrEffect> outbox)
    {
        _transfer = source == config.Self ? null : new Transfer(source, _log.At(Commit));
        AskForState(outbox);
    }

    private void EndTransfer() => _transfer = null;

    private void AskForState(Outbox<VsrEffect> outbox)
    {
        if (_transfer is not { } transfer) return;
        var get = new VsrMessage.GetState(View, _incarnation, transfer.End, transfer.Part);
        Send(transfer.Source, get, afterPersist: true, outbox);
    }

    private VsrVerdict OnGetState(
        int from, VsrMessage.GetState get, Instant now, Outbox<VsrEffect> outbox)
    {
        if (TellNewerView(from, get, outbox)) return VsrVerdict.StaleView;
        if (get.View > View)
        {
            CatchUp(get.View, now, outbox);
            return VsrVerdict.NotNormal;
        }

        var mayAnswer = Status == VsrStatus.Normal
            || (Status == VsrStatus.ViewChange && from == config.PrimaryOf(View));
        if (!mayAnswer) return VsrVerdict.NotNormal;
        if (get.Part > 0 && _captures.TryGetValue(from, out var capture) && get.Part < PiecesOf(capture))
        {
            SendPiece(from, capture, get.Part, outbox);
            return VsrVerdict.Accepted;
        }

        if (_log.Holds(get.From))
        {
            _captures.Remove(from);
            SendEntries(from, get, outbox);
            return VsrVerdict.Accepted;
        }

        outbox.Emit(new VsrEffect.CaptureState(config.Replicas[from], _log.At(Commit), StampAt(Commit)));
        return VsrVerdict.Gap;
    }

    private void SendEntries(int to, VsrMessage.GetState get, Outbox<VsrEffect> outbox)
    {
        var entries = _log.After(get.From.Op, VsrConfig.BatchEntriesMax, VsrConfig.BatchBytesMax);
        var end = entries.Count == 0 ? get.From.Op : entries[^1].Op;
        var state = new VsrMessage.NewState(
            View, _incarnation, get.Part, LastNormalView, Commit, get.From, StampAt(get.From.Op),
            Piece: null, entries, IsLast: end == _log.Op, LifeOf(to));
        Send(to, state, afterPersist: true, outbox);
    }

    private VsrVerdict OnStateCaptured(VsrInput.StateCaptured captured, Outbox<VsrEffect> outbox)
    {
        var to = IndexOf(captured.Asked.For);
        if (to < 0) return VsrVerdict.NotMember;
        var capture = new StateAt(captured.Asked.Position, captured.Asked.Stamp, captured.State);
        _captures[to] = capture;
        SendPiece(to, capture, 0, outbox);
        return VsrVerdict.Accepted;
    }

    private void SendPiece(int to, StateAt capture, int part, Outbox<VsrEffect> outbox)
    {
        var offset = part * VsrConfig.BatchBytesMax;
        var length = Math.Min(VsrConfig.BatchBytesMax, capture.Bytes.Length - offset);
        // The log behind the captured position may have moved on; the entries are asked for by themselves.
        var isWhole = part == PiecesOf(capture) - 1 && capture.Position == _log.End;
        var state = new VsrMessage.NewState(
            View, _incarnation, part, LastNormalView, Commit, capture.Position, capture.Stamp,
            capture.Bytes.Slice(offset, length), [], isWhole, LifeOf(to));
        Send(to, state, afterPersist: true, outbox);
    }

    private long LifeOf(int peer) => _peerIncarnations.GetValueOrDefault(peer);

    // A state without bytes still travels: as one piece that says where the log stands.
    private static int PiecesOf(StateAt capture) =>
        Math.Max(1, ((capture.Bytes.Length - 1) / VsrConfig.BatchBytesMax) + 1);

    private VsrVerdict OnNewState(
        int from, VsrMessage.NewState state, Instant now, Outbox<VsrEffect> outbox)
    {
        if (TellNewerView(from, state, outbox)) return VsrVerdict.StaleView;
        // What an earlier life asked for may lack what it has promised since.
        if (state.Asker != _incarnation) return VsrVerdict.StaleIncarnation;
        if (_transfer is not { } transfer || state.View != View) return VsrVerdict.Unexpected;
        // The source no longer has what comes next and begins again with its state.
        if (from == transfer.Source && state.Part == 0 && state.Previous.Op > transfer.End.Op)
            _transfer = transfer = new Transfer(from, _log.At(Commit));
        if (from != transfer.Source || state.Part != transfer.Part) return VsrVerdict.Duplicate;
        if (Status == VsrStatus.CatchingUp && state.LastNormalView != View) return VsrVerdict.NotNormal;
        if (!transfer.TryTake(state))
        {
            // The source captured its state anew, or is another one than before: begin again, but not at
            // once, or two that never agree would talk without end.
            _transfer = new Transfer(transfer.Source, _log.At(Commit));
            return VsrVerdict.Unexpected;
        }

        _resendAt = ResendAfter(now, config.Resend);
        if (!state.IsLast)
        {
            AskForState(outbox);
            return VsrVerdict.Accepted;
        }

        var (start, entries, whole) = (transfer.From, transfer.Entries, transfer.State);
        if (Status == VsrStatus.ViewChange) StartViewWith(start, entries, whole, now, outbox);
        else
        {
            if (HasLogOfView(transfer.End)) EndTransfer();
            else Install(start, entries, whole, Math.Max(Commit, state.CommitOp), outbox);
            EnterNormal(now, outbox);
        }

        return VsrVerdict.Accepted;
    }

    /// <summary>Asks everybody in a new life; what it learns from a quorum of others, the primary of the
    /// newest view among them, holds every promise it ever made.</summary>
    private void BeginRecovery(Instant now, Outbox<VsrEffect> outbox)
    {
        Status = VsrStatus.LostDisk;
        _nonce = _rng.Next();
        _recoveries.Clear();
        _resendAt = ResendAfter(now, config.Resend);
        AskForRecovery(outbox);
    }

    private void AskForRecovery(Outbox<VsrEffect> outbox) =>
        Broadcast(new VsrMessage.Recovery(View, _incarnation, _nonce), afterPersist: true, outbox);

    /// <summary>A peer knows a later life of this replica: its disk was once begun under a higher number, and
    /// is an old copy, or its number came from a clock that was set back. What that life promised is not
    /// here.</summary>
    private VsrVerdict OnLaterLife(VsrMessage.LaterLife later, Instant now, Outbox<VsrEffect> outbox)
    {
        if (later.Known <= _incarnation) return VsrVerdict.Duplicate;
        GiveViewUp(outbox);
        _escalateAt = Instant.Never;
        BeginLife(later.Known + 1, _diskLife, outbox);
        BeginRecovery(now, outbox);
        return VsrVerdict.Accepted;
    }

    private VsrVerdict OnRecovery(
        int from, VsrMessage.Recovery recovery, Instant now, Outbox<VsrEffect> outbox)
    {
        // A primary without its log leads nobody.
        if (from == config.PrimaryOf(View)) WantExit(now, outbox);
        if (Status != VsrStatus.Normal) return VsrVerdict.NotNormal;
        var response = new VsrMessage.RecoveryResponse(
            View, _incarnation, recovery.Nonce, recovery.Incarnation, IsPrimary);
        // The receiver counts this answer only because the older life is void on disk here.
        Send(from, response, afterPersist: true, outbox);
        return VsrVerdict.Accepted;
    }

    private VsrVerdict OnRecoveryResponse(
        int from, VsrMessage.RecoveryResponse response, Instant now, Outbox<VsrEffect> outbox)
    {
        if (Status != VsrStatus.LostDisk || response.Nonce != _nonce) return VsrVerdict.Unexpected;
        if (response.Recovered != _incarnation) return VsrVerdict.StaleIncarnation;
        _recoveries[from] = response;
        var newest = _recoveries.Values.Max(r => r.View);
        var hasPrimary = _recoveries.Any(
            r => r.Value.View == newest && r.Value.IsPrimary && r.Key == config.PrimaryOf(newest));
        if (_recoveries.Count < config.Quorum || !hasPrimary) return VsrVerdict.Accepted;
        _recoveries.Clear();
        Status = VsrStatus.CatchingUp;
        if (newest > View) LeaveView(newest, outbox);
        ArmChange(now);
        BeginTransfer(config.PrimaryOf(View), outbox);
        return VsrVerdict.Accepted;
    }

    /// <summary>A group's state and the place in the log that it covers.</summary>
    private sealed record StateAt(LogPosition Position, WallTime Stamp, ReadOnlyMemory<byte> Bytes);

    /// <summary>A log on its way here.</summary>
    private sealed class Transfer(int source, LogPosition from)
    {
        private readonly List<VsrEntry> _entries = [];
        private readonly List<byte> _bytes = [];
        private (LogPosition Position, WallTime Stamp)? _stateAt;

        public int Source { get; } = source;

        public LogPosition From { get; private set; } = from;

        public int Part { get; private set; }

        public IReadOnlyList<VsrEntry> Entries => _entries;

        public LogPosition End =>
            _entries.Count == 0 ? From : new LogPosition(_entries[^1].Op, _entries[^1].Hash);

        public StateAt? State =>
            _stateAt is { } at ? new StateAt(at.Position, at.Stamp, _bytes.ToArray()) : null;

        /// <summary>Takes the next part; false when it does not continue what is here.</summary>
        public bool TryTake(VsrMessage.NewState state)
        {
            if (state.Piece is { } piece) return TryTakePiece(state, piece);
            if (state.Previous != End || !IsChain(End, state.Entries)) return false;
            _entries.AddRange(state.Entries);
            Part++;
            return true;
        }

        private bool TryTakePiece(VsrMessage.NewState state, ReadOnlyMemory<byte> piece)
        {
            if (_entries.Count > 0 || state.Previous.Op < From.Op) return false;
            if (state.Entries.Count > 0) return false;
            if (Part == 0) _stateAt = (state.Previous, state.PreviousStamp);
            if (_stateAt is not { } at || at.Position != state.Previous) return false;
            _bytes.AddRange(piece.Span);
            From = state.Previous;
            Part++;
            return true;
        }
    }
}
