using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>The only replica of its ledger groups: an entry is committed once it is on this node's
/// disk.</summary>
/// <remarks>Commands are applied when committed and in log order, never when proposed. A restart begins a new
/// view, so fences of an earlier life are lower than those of this one.</remarks>
public sealed class SoleReplica : IMachine<ReplicaInput, ReplicaEffect, ReplicaVerdict>
{
    /// <summary>Most entries between proposal and commit.</summary>
    public const int InFlightMax = 65_536;

    private const int GroupsMax = 1 << 20;

    private readonly SortedDictionary<int, GroupHead> _heads = [];
    private readonly Queue<LogEntry> _inFlight = new();
    private long _committedLsn;

    /// <summary>The view of every group that this replica leads; the fence of their jobs.</summary>
    public long View { get; private set; } = 1;

    /// <summary>LSN up to which everything was applied.</summary>
    public long CommittedLsn => _committedLsn;

    public int InFlight => _inFlight.Count;

    /// <inheritdoc/>
    public Instant NextDeadline => Instant.Never;

    /// <summary>The op that the group's next proposal gets.</summary>
    public long NextOp(int group) => _heads.GetValueOrDefault(group).Op + 1;

    /// <summary>The newest stamp of any group.</summary>
    public WallTime NewestStamp =>
        _heads.Values.Select(head => head.Stamp).DefaultIfEmpty(new WallTime(0)).Max();

    /// <inheritdoc/>
    public ReplicaVerdict Step(ReplicaInput input, Instant now, Outbox<ReplicaEffect> outbox) => input switch
    {
        ReplicaInput.Recovered recovered => OnRecovered(recovered, outbox),
        ReplicaInput.Proposed proposed => OnProposed(proposed, outbox),
        ReplicaInput.Persisted persisted => OnPersisted(persisted, outbox),
        ReplicaInput.StateCaptured captured => OnStateCaptured(captured, outbox),
        _ => throw new UnreachableException($"unhandled {input}"),
    };

    /// <inheritdoc/>
    public void CheckInvariants()
    {
        Invariant.Holds(_inFlight.Count <= InFlightMax);
        foreach (var entry in _inFlight)
        {
            Invariant.Holds(entry.View == View);
            Invariant.Holds(entry.Op <= _heads[entry.Group].Op);
        }
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(View);
        fingerprint.Add(_committedLsn);
        fingerprint.Add((long)_inFlight.Count);
        foreach (var entry in _inFlight)
        {
            fingerprint.Add((long)entry.Group);
            fingerprint.Add(entry.Command.Span);
        }

        foreach (var (group, head) in _heads)
        {
            fingerprint.Add((long)group);
            fingerprint.Add(head.Op);
            fingerprint.Add(head.Stamp.UnixMilliseconds);
        }
    }

    private ReplicaVerdict OnRecovered(ReplicaInput.Recovered recovered, Outbox<ReplicaEffect> outbox)
    {
        Invariant.Holds(_committedLsn == 0 && _inFlight.Count == 0);
        if (!recovered.Snapshot.IsEmpty && !TryRestore(recovered.Snapshot, outbox))
            return ReplicaVerdict.Unreadable;
        _committedLsn = recovered.SnapshotLsn;
        foreach (var record in recovered.Records)
        {
            if (LogEntry.Decode(record.Span, out _) is not { } entry) return ReplicaVerdict.Unreadable;
            Invariant.Holds(entry.Op == NextOp(entry.Group));
            Invariant.Holds(entry.View >= View);
            View = entry.View;
            _heads[entry.Group] = new GroupHead(entry.Op, entry.Stamp);
            _committedLsn++;
            outbox.Emit(new ReplicaEffect.Apply(entry));
        }

        // VSR: a restarted primary never resumes its view. A life that left no entry behind had one too.
        View = Math.Max(View, recovered.Starts) + 1;
        return ReplicaVerdict.Accepted;
    }

    private ReplicaVerdict OnProposed(ReplicaInput.Proposed proposed, Outbox<ReplicaEffect> outbox)
    {
        if (_inFlight.Count == InFlightMax) return ReplicaVerdict.Overloaded;
        var head = _heads.GetValueOrDefault(proposed.Group);
        var stamp = proposed.Stamp > head.Stamp ? proposed.Stamp : head.Stamp;
        var entry = new LogEntry(proposed.Group, head.Op + 1, View, stamp, proposed.Command);
        _heads[proposed.Group] = new GroupHead(entry.Op, entry.Stamp);
        _inFlight.Enqueue(entry);
        outbox.Emit(new ReplicaEffect.Append(entry.Encode()));
        return ReplicaVerdict.Accepted;
    }

    private ReplicaVerdict OnPersisted(ReplicaInput.Persisted persisted, Outbox<ReplicaEffect> outbox)
    {
        Invariant.Holds(persisted.Lsn >= _committedLsn);
        Invariant.Holds(persisted.Lsn <= _committedLsn + _inFlight.Count);
        while (_committedLsn < persisted.Lsn)
        {
            _committedLsn++;
            outbox.Emit(new ReplicaEffect.Apply(_inFlight.Dequeue()));
        }

        return ReplicaVerdict.Accepted;
    }

    private ReplicaVerdict OnStateCaptured(ReplicaInput.StateCaptured captured, Outbox<ReplicaEffect> outbox)
    {
        var writer = new FieldWriter();
        writer.Number(1, View);
        writer.Bytes(2, captured.State.Span);
        foreach (var (group, head) in CommittedHeads())
        {
            var mark = writer.Begin(3);
            writer.Number(1, group);
            writer.Number(2, head.Op);
            writer.Number(3, head.Stamp.UnixMilliseconds);
            writer.End(mark);
        }

        outbox.Emit(new ReplicaEffect.Store(_committedLsn, writer.ToArray()));
        return ReplicaVerdict.Accepted;
    }

    /// <summary>The heads without what is still in flight: what the captured state has seen.</summary>
    private SortedDictionary<int, GroupHead> CommittedHeads()
    {
        var heads = new SortedDictionary<int, GroupHead>(_heads);
        foreach (var entry in _inFlight.Reverse())
        {
            // The stamp of the entry before is not kept; one that is later than it does no harm.
            var head = heads[entry.Group];
            if (entry.Op == 1) heads.Remove(entry.Group);
            else heads[entry.Group] = head with { Op = entry.Op - 1 };
        }

        return heads;
    }

    private bool TryRestore(ReadOnlyMemory<byte> snapshot, Outbox<ReplicaEffect> outbox)
    {
        var reader = new FieldReader(snapshot.Span);
        byte[]? state = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: View = reader.Number("view", 1); break;
                case 2: state = reader.Bytes("state", int.MaxValue).ToArray(); break;
                case 3 when reader.HasRoom("groups", _heads.Count, GroupsMax): ReadHead(ref reader); break;
                default: break;
            }
        }

        reader.Require(state is not null, "state");
        if (reader.Fault is not null) return false;
        outbox.Emit(new ReplicaEffect.Restore(state));
        return true;
    }

    private void ReadHead(ref FieldReader reader)
    {
        var inner = reader.Enter("head");
        int group = -1;
        long op = 0, stamp = 0;
        while (inner.Next(out var field))
        {
            switch (field)
            {
                case 1: group = inner.Integer("group", 0); break;
                case 2: op = inner.Number("op", 1); break;
                case 3: stamp = inner.Number("stamp"); break;
                default: break;
            }
        }

        inner.Require(group >= 0, "group");
        inner.Require(op > 0, "op");
        reader.Leave(inner, "head");
        if (reader.Fault is null) _heads[group] = new GroupHead(op, new WallTime(stamp));
    }

    private readonly record struct GroupHead(long Op, WallTime Stamp);
}
