using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>One replica with its disk, alive. What it does depends on what happens to it and on nothing
/// else, so that the same happenings always make the same node.</summary>
internal sealed class ReplicaNode
{
    // Longer than any wait of a replica: whatever deadline is set passes.
    private static readonly Duration Long = Duration.FromSeconds(3600);

    private readonly ExplorationBounds _bounds;
    private readonly LetterTable _letters;
    private readonly IReadOnlyList<NodeId> _names;
    private readonly int _self;
    private readonly VsrReplica _replica;
    private readonly List<VsrRecord> _disk;
    private readonly List<VsrRecord> _unsynced = [];
    private readonly SortedSet<int> _held = [];
    private readonly List<int> _posted = [];
    private readonly List<VsrEntry> _applied = [];
    private readonly Outbox<VsrEffect> _outbox = new();
    private readonly SortedSet<long> _ledBefore;
    private readonly SortedSet<long> _led = [];
    private (long View, long Op) _promised;
    private LogPosition _last = LogPosition.Start;
    private Instant _now = Instant.Zero;
    private int _suspects;
    private long _written;
    private bool _hasLeft;

    /// <summary>A node that starts.</summary>
    /// <exception cref="InvariantViolationException">A rule is broken.</exception>
    public ReplicaNode(
        ExplorationBounds bounds, LetterTable letters, IReadOnlyList<NodeId> names, int self, NodeBoot boot)
    {
        (_bounds, _letters, _names, _self) = (bounds, letters, names, self);
        _disk = [.. boot.Disk];
        _ledBefore = [.. boot.Led];
        _promised = boot.Promised;
        _replica = new VsrReplica(VsrConfig.Default(0, names, self));
        var durable = Fold();
        Invariant.Holds(durable.LastNormalView != _promised.View || durable.Log.Op >= _promised.Op);
        Step(new VsrInput.Recovered(durable, Seed: 1, NewLife: null));
    }

    /// <summary>Letters that left with the last event.</summary>
    public IReadOnlyList<int> Posted => _posted;

    /// <summary>Entries that were applied with the last event.</summary>
    public IReadOnlyList<VsrEntry> Applied => _applied;

    /// <summary>Lets an event of this node happen; a crash is the end of it, and its
    /// <see cref="BootAfter"/> begins the next.</summary>
    /// <exception cref="InvariantViolationException">A rule is broken.</exception>
    public void Happen(WorldEvent next)
    {
        _posted.Clear();
        _applied.Clear();
        switch (next.Kind)
        {
            case EventKind.Delivered:
                var letter = _letters[next.Argument];
                Step(new VsrInput.Received(_names[letter.From], letter.Message));
                break;
            case EventKind.Synced:
                Sync();
                break;
            case EventKind.Proposed:
                Step(new VsrInput.Proposed(new[] { (byte)(next.Argument + 1) }, new WallTime(0)));
                break;
            case EventKind.Suspected:
                var primary = _bounds.PrimaryOf(_replica.View);
                _suspects |= 1 << primary;
                Step(new VsrInput.Suspected(_names[primary], IsSuspect: true));
                break;
            case EventKind.Ticked:
                _now += Long;
                Step(new VsrInput.Tick());
                break;
            case EventKind.Crashed:
            default:
                throw new UnreachableException($"unhandled {next}");
        }
    }

    /// <summary>What is there after a crash that leaves this many of the records that were not
    /// synced.</summary>
    public NodeBoot BootAfter(int kept) =>
        new([.. _disk, .. _unsynced.Take(kept)], [.. _ledBefore, .. _led], _promised);

    public NodeFacts Facts()
    {
        var durable = Fold();
        var hashes = new ulong[durable.Log.Op];
        for (var op = 1L; op <= durable.Log.Op; op++) hashes[op - 1] = durable.Log.At(op).Hash;
        var mayCommit = _replica.IsPrimary;
        return new NodeFacts(
            _replica.View, durable.View, durable.LastNormalView, hashes, mayCommit, _unsynced.Count,
            _unsynced.Count > 0 && !_hasLeft, (_suspects & (1 << _bounds.PrimaryOf(_replica.View))) != 0,
            _replica.NextDeadline != Instant.Never, CorePrint());
    }

    /// <summary>Equal for nodes to which the same can happen.</summary>
    public ulong Print()
    {
        var print = default(Fingerprint);
        print.Add(CorePrint());
        foreach (var letter in _held) print.Add((long)letter);
        return print.Value;
    }

    private ulong CorePrint()
    {
        var print = default(Fingerprint);
        print.Add((long)_self);
        _replica.AddUntimedTo(ref print, _bounds.TicksMax > 0);
        var durable = Fold();
        print.Add(durable.View);
        print.Add(durable.LastNormalView);
        print.Add(durable.Commit);
        durable.Log.AddTo(ref print);
        var writer = new FieldWriter();
        foreach (var record in _unsynced) VsrRecordFields.Write(writer, record);
        print.Add(writer.Written);
        print.Add((long)_suspects);
        print.Add(_promised.View);
        print.Add(_promised.Op);
        print.Add(_hasLeft);
        foreach (var view in _ledBefore) print.Add(view);
        print.Add(ulong.MaxValue);
        foreach (var view in _led) print.Add(view);
        return print.Value;
    }

    private VsrDurable Fold()
    {
        var durable = new VsrDurable();
        foreach (var record in _disk) Invariant.Holds(durable.TryReplay(record));
        return durable;
    }

    private void Sync()
    {
        _disk.AddRange(_unsynced);
        _written += _unsynced.Count;
        _unsynced.Clear();
        _hasLeft = false;
        foreach (var letter in _held) Leave(letter);
        _held.Clear();
        Step(new VsrInput.Persisted(_written));
    }

    private void Step(VsrInput input)
    {
        _outbox.Clear();
        _replica.Step(input, _now, _outbox);
        _replica.CheckInvariants();
        for (var i = 0; i < _outbox.Count; i++) CarryOut(_outbox[i]);
        // V5: what it acknowledged in the view of its log stays in it.
        Invariant.Holds(_promised.View != _replica.LastNormalView || _promised.Op <= _replica.Op);
    }

    private void CarryOut(VsrEffect effect)
    {
        switch (effect)
        {
            case VsrEffect.Persist persist:
                _unsynced.Add(persist.Record);
                break;
            case VsrEffect.Send send:
                var letter = _letters.NumberOf(_self, IndexOf(send.To), send.Message);
                if (send.AfterPersist && _unsynced.Count > 0) _held.Add(letter);
                else Leave(letter);
                break;
            case VsrEffect.Apply apply:
                Invariant.Holds(apply.Entry.Follows(_last));
                _last = new LogPosition(apply.Entry.Op, apply.Entry.Hash);
                _applied.Add(apply.Entry);
                break;
            case VsrEffect.Restore or VsrEffect.ViewStarted or VsrEffect.ViewLeft:
                break;
            default:
                throw new UnreachableException($"unhandled {effect}");
        }
    }

    private void Leave(int letter)
    {
        if (_letters[letter].Message is VsrMessage.PrepareOk ok
            && (ok.View, ok.End.Op).CompareTo(_promised) > 0)
            _promised = (ok.View, ok.End.Op);
        if (_letters[letter].Message is VsrMessage.Prepare or VsrMessage.StartView or VsrMessage.Commit)
        {
            // Of all processes only one ever speaks as the primary of a view.
            Invariant.Holds(!_ledBefore.Contains(_letters[letter].Message.View));
            _led.Add(_letters[letter].Message.View);
        }

        _hasLeft |= _unsynced.Count > 0;
        _posted.Add(letter);
    }

    private int IndexOf(NodeId node)
    {
        for (var i = 0; i < _names.Count; i++)
            if (_names[i] == node) return i;
        throw new UnreachableException($"{node} is no replica");
    }
}

/// <summary>What a node starts from.</summary>
/// <param name="Led">Views that earlier processes led.</param>
/// <param name="Promised">The newest acknowledgement that left.</param>
internal sealed record NodeBoot(
    IReadOnlyList<VsrRecord> Disk, IReadOnlyList<long> Led, (long View, long Op) Promised);

/// <summary>What is to be known of a node from outside.</summary>
/// <param name="Disk">Chain hashes of the log on disk, from op 1.</param>
/// <param name="Core">Equal for nodes that differ in what waits for the disk to leave, at most.</param>
/// <param name="IsQuiet">Nothing of what is not synced was seen by anybody.</param>
internal sealed record NodeFacts(
    long View,
    long DiskView,
    long DiskLastNormalView,
    ulong[] Disk,
    bool IsPrimary,
    int Unsynced,
    bool IsQuiet,
    bool IsSuspecting,
    bool HasDeadline,
    ulong Core);
