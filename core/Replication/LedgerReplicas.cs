using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>All replicas of one node: one for each ledger group that the configuration gives it. They share
/// the node's log, its timer and the messages between two nodes.</summary>
/// <remarks>A group without uncommitted entries costs nothing: no message, no timer.</remarks>
public sealed partial class LedgerReplicas : IMachine<ReplicaInput, ReplicaEffect, ReplicaVerdict>
{
    /// <summary>Most records between append and disk while proposals are taken.</summary>
    public const int InFlightMax = 65_536;

    /// <summary>A snapshot is taken again only after as many bytes of records as the last one had, unless
    /// that one was smaller than this: 1 MiB.</summary>
    public const long SnapshotBytesSmall = 1024 * 1024;

    /// <summary>Bytes of records after which a snapshot is due, however small it is: 64 MiB.</summary>
    public const long SnapshotEveryBytesMin = 64 * 1024 * 1024;

    /// <summary>Most bytes that the states of all groups have in a snapshot: 512 MiB.</summary>
    public const long SnapshotBytesMax = 512 * 1024 * 1024;

    /// <summary>Bytes of records without a snapshot after them at which nothing new may be begun: 1 GiB,
    /// half of what a start can copy. The rest is for the ends of what was begun.</summary>
    public const long LogBytesMaxDefault = 1024 * 1024 * 1024;

    /// <summary>Most bytes of a snapshot, which has what is not committed beside the states: 1 GiB.</summary>
    public const long SnapshotFileBytesMax = 2 * SnapshotBytesMax;

    private const long RetryEveryRecords = 256;

    // In the place of the group: the replica is told of its record when the last part of it is on disk.
    private const int PartOfRecord = -1;

    /// <summary>Messages of groups travel together up to about this many bytes.</summary>
    private const int BatchBytesMax = 1024 * 1024;

    private readonly SortedDictionary<int, VsrReplica> _replicas = [];
    private readonly SortedDictionary<int, IReadOnlyList<NodeId>> _members = [];
    private readonly NodeId _self;
    private readonly ReplicaPeers _peers;
    private readonly VsrReplica?[] _byGroup;
    private readonly long[] _persisted;
    private readonly Queue<(long Lsn, int Group)> _inFlight = new();
    private readonly DeadlineQueue<int> _deadlines = new();
    private readonly Outbox<VsrEffect> _fromGroup = new();
    private readonly SortedDictionary<(NodeId To, bool AfterPersist), List<GroupMessage>> _sends = [];
    private readonly FieldWriter _writer = new();
    private long _snapshotLsn;
    private long _snapshotBytes;
    private long _bytesSinceSnapshot;
    private long _logBytes;

    /// <param name="self">This node.</param>
    /// <param name="groups">Each group that this node belongs to, with its members in the order of
    /// succession.</param>
    /// <param name="times">Of failure detection and leases among the members.</param>
    public LedgerReplicas(
        NodeId self, IEnumerable<(int Group, IReadOnlyList<NodeId> Replicas)> groups, ReplicaTimes times)
    {
        _self = self;
        foreach (var (group, replicas) in groups)
        {
            var index = replicas.ToList().IndexOf(self);
            Invariant.Holds(index >= 0);
            _replicas.Add(group, new VsrReplica(VsrConfig.Default(group, replicas, index)));
            _members.Add(group, replicas);
        }

        var groupMax = _replicas.Keys.DefaultIfEmpty(-1).Max();
        _byGroup = new VsrReplica?[groupMax + 1];
        foreach (var (group, replica) in _replicas) _byGroup[group] = replica;
        _persisted = new long[groupMax + 1];
        var peers = _members.Values.SelectMany(members => members).Where(member => member != self);
        _peers = new ReplicaPeers(peers, times);
    }

    public IReadOnlyCollection<VsrReplica> Groups => _replicas.Values;

    /// <summary>LSN of the newest record handed to the node.</summary>
    public long AppendedLsn { get; private set; }

    /// <summary>Every record up to this LSN is on disk.</summary>
    public long PersistedLsn { get; private set; }

    /// <inheritdoc/>
    public Instant NextDeadline => Instant.Sooner(_deadlines.NextDeadline, _peers.NextDeadline);

    /// <summary>The nodes that share a group with this one.</summary>
    public IReadOnlyCollection<NodeId> Peers => _peers.Nodes;

    /// <summary>Whether the log has grown so much since the last snapshot that a new one is worth it: by so
    /// many records, or by more bytes than a segment has; and by as many bytes as that snapshot had, so that
    /// what snapshots cost is in proportion to what is appended, however large the ledgers are. Where the log
    /// is full, each time that some jobs have ended.</summary>
    public bool IsSnapshotDue(long everyRecords)
    {
        if (IsLogFull) return AppendedLsn - _snapshotLsn >= Math.Min(everyRecords, RetryEveryRecords);
        if (_snapshotBytes > SnapshotBytesSmall && _bytesSinceSnapshot < _snapshotBytes) return false;
        return AppendedLsn - _snapshotLsn >= everyRecords || _bytesSinceSnapshot >= SnapshotEveryBytesMin;
    }

    /// <inheritdoc cref="LogBytesMaxDefault"/>
    public long LogBytesMax { get; init; } = LogBytesMaxDefault;

    /// <summary>Whether the log has become so long without a snapshot that nothing new may be
    /// begun.</summary>
    public bool IsLogFull => _logBytes >= LogBytesMax;

    public bool IsMember(int group) =>
        group >= 0 && group < _byGroup.Length && _byGroup[group] is not null;

    /// <summary>Whether this node leads the group and its ledger has everything that was committed before:
    /// only then does the ledger tell what is true, and proposals are taken.</summary>
    public bool Leads(int group) => IsMember(group) && _byGroup[group]!.HasCommittedInView;

    /// <summary>Whether this node may answer for a group that it leads without asking the others: nobody
    /// else has begun to lead it. This rests on clock rates that differ by less than a tenth, and so nothing
    /// that is committed rests on it.</summary>
    public bool HasLease(int group, Instant now) =>
        Leads(group) && now < _peers.LeaseOf(group, ViewOf(group), _self, _members[group]);

    /// <summary>The group's view as this node knows it; the fence of commands that rest on its
    /// entries.</summary>
    public long ViewOf(int group) => _byGroup[group]!.View;

    /// <summary>Who leads the group in the newest view that this node knows.</summary>
    public NodeId PrimaryOf(int group) => _byGroup[group]!.Primary;

    /// <summary>The op that the next proposal of a group that this node leads gets.</summary>
    public long NextOp(int group) => _byGroup[group]!.Op + 1;

    /// <summary>How many proposals of a group that this node leads are not committed.</summary>
    public long InFlight(int group) => _byGroup[group]!.Op - _byGroup[group]!.Commit;

    /// <summary>The newest stamp in any group's log.</summary>
    public WallTime NewestStamp =>
        _replicas.Values.Select(replica => replica.Log.LastStamp).DefaultIfEmpty(new WallTime(0)).Max();

    /// <inheritdoc/>
    public ReplicaVerdict Step(ReplicaInput input, Instant now, Outbox<ReplicaEffect> outbox)
    {
        var verdict = input switch
        {
            ReplicaInput.Recovered recovered => OnRecovered(recovered, now, outbox),
            ReplicaInput.Proposed proposed => OnProposed(proposed, now, outbox),
            ReplicaInput.Received received => OnReceived(received, now, outbox),
            ReplicaInput.Persisted persisted => OnPersisted(persisted, now, outbox),
            ReplicaInput.HeartbeatReceived heartbeat => OnHeartbeat(heartbeat, now, outbox),
            ReplicaInput.HeartbeatAnswered answered => OnHeartbeatAnswered(answered, now, outbox),
            ReplicaInput.Suspected suspected => OnSuspected(suspected, now, outbox),
            ReplicaInput.GroupCaptured captured => OnGroupCaptured(captured, now, outbox),
            ReplicaInput.StateCaptured captured => OnStateCaptured(captured, outbox),
            ReplicaInput.Tick => OnTick(now, outbox),
            _ => throw new UnreachableException($"unhandled {input}"),
        };
        SendBatches(outbox);
        return verdict;
    }

    /// <inheritdoc/>
    public void CheckInvariants()
    {
        foreach (var replica in _replicas.Values) replica.CheckInvariants();
        Invariant.Holds(_inFlight.Count == AppendedLsn - PersistedLsn);
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(AppendedLsn);
        _peers.AddTo(ref fingerprint);
        foreach (var replica in _replicas.Values) replica.AddTo(ref fingerprint);
        foreach (var (lsn, group) in _inFlight)
        {
            fingerprint.Add(lsn);
            fingerprint.Add((long)group);
        }
    }

    private ReplicaVerdict OnRecovered(
        ReplicaInput.Recovered recovered, Instant now, Outbox<ReplicaEffect> outbox)
    {
        Invariant.Holds(AppendedLsn == 0);
        if (DurableOf(recovered) is not { } durables) return ReplicaVerdict.Unreadable;
        AppendedLsn = recovered.SnapshotLsn + recovered.Records.Count;
        PersistedLsn = AppendedLsn;
        (_snapshotLsn, _snapshotBytes) = (recovered.SnapshotLsn, recovered.Snapshot.Length);
        _bytesSinceSnapshot = recovered.Records.Sum(record => (long)record.Length);
        _logBytes = _bytesSinceSnapshot;
        _peers.Begin((long)(Rng.Draw(recovered.Seed, "replica-heartbeats", _self.Name) >> 2), now);
        foreach (var group in _replicas.Keys)
        {
            var durable = durables.GetValueOrDefault(group) ?? new VsrDurable();
            var input = new VsrInput.Recovered(durable, recovered.Seed, recovered.NewLife);
            StepGroup(group, input, now, outbox);
        }

        return ReplicaVerdict.Accepted;
    }

    /// <summary>Folds snapshot and records; null when they do not fit together or name a group that is not
    /// this node's.</summary>
    private SortedDictionary<int, VsrDurable>? DurableOf(ReplicaInput.Recovered recovered)
    {
        if (ReplicaSnapshot.Decode(recovered.Snapshot.Span) is not { } durables) return null;
        if (durables.Keys.Any(group => !_replicas.ContainsKey(group))) return null;
        var reader = new RecordReader();
        foreach (var bytes in recovered.Records)
        {
            if (!reader.TryTake(bytes.Span, out var record)) return null;
            if (record is null) continue;
            if (!_replicas.ContainsKey(record.Group)) return null;
            if (!durables.TryGetValue(record.Group, out var durable))
                durables.Add(record.Group, durable = new VsrDurable());
            if (!durable.TryReplay(record.Record)) return null;
        }

        return durables;
    }

    private ReplicaVerdict OnProposed(
        ReplicaInput.Proposed proposed, Instant now, Outbox<ReplicaEffect> outbox)
    {
        if (!Leads(proposed.Group)) return ReplicaVerdict.NotPrimary;
        if (_inFlight.Count >= InFlightMax) return ReplicaVerdict.Overloaded;
        Invariant.Holds(!proposed.Command.IsEmpty);
        var input = new VsrInput.Proposed(proposed.Command, proposed.Stamp);
        return StepGroup(proposed.Group, input, now, outbox) switch
        {
            VsrVerdict.Accepted => ReplicaVerdict.Accepted,
            VsrVerdict.Overloaded => ReplicaVerdict.Overloaded,
            _ => ReplicaVerdict.NotPrimary,
        };
    }

    private ReplicaVerdict OnReceived(
        ReplicaInput.Received received, Instant now, Outbox<ReplicaEffect> outbox)
    {
        if (!_peers.Nodes.Contains(received.From)) return ReplicaVerdict.NotMember;
        Hear(received.From, now, outbox);
        var verdict = ReplicaVerdict.Accepted;
        foreach (var (group, message) in received.Messages)
        {
            if (!IsMember(group)) verdict = ReplicaVerdict.NotMember;
            else StepGroup(group, new VsrInput.Received(received.From, message), now, outbox);
        }

        return verdict;
    }

    private ReplicaVerdict OnPersisted(
        ReplicaInput.Persisted persisted, Instant now, Outbox<ReplicaEffect> outbox)
    {
        Invariant.Holds(persisted.Lsn >= PersistedLsn && persisted.Lsn <= AppendedLsn);
        PersistedLsn = persisted.Lsn;
        var touched = new SortedSet<int>();
        while (_inFlight.TryPeek(out var append) && append.Lsn <= persisted.Lsn)
        {
            _inFlight.Dequeue();
            if (append.Group == PartOfRecord) continue;
            _persisted[append.Group]++;
            touched.Add(append.Group);
        }

        foreach (var group in touched)
            StepGroup(group, new VsrInput.Persisted(_persisted[group]), now, outbox);
        return ReplicaVerdict.Accepted;
    }

    private ReplicaVerdict OnGroupCaptured(
        ReplicaInput.GroupCaptured captured, Instant now, Outbox<ReplicaEffect> outbox)
    {
        StepGroup(captured.Group, new VsrInput.StateCaptured(captured.Asked, captured.State), now, outbox);
        return ReplicaVerdict.Accepted;
    }

    private ReplicaVerdict OnStateCaptured(ReplicaInput.StateCaptured captured, Outbox<ReplicaEffect> outbox)
    {
        // One that is too large is tried again after so many bytes as make one due.
        (_snapshotLsn, _bytesSinceSnapshot, _snapshotBytes) = (AppendedLsn, 0, SnapshotEveryBytesMin);
        if (captured.States.Values.Sum(state => (long)state.Length) > SnapshotBytesMax)
            return ReplicaVerdict.TooLarge;
        _writer.Clear();
        foreach (var (group, replica) in _replicas)
        {
            var (head, tail) = replica.Capture();
            ReplicaSnapshot.WriteGroup(_writer, group, head, captured.States[group].Span, tail);
        }

        if (_writer.Length > SnapshotFileBytesMax) return ReplicaVerdict.TooLarge;
        (_snapshotBytes, _logBytes) = (_writer.Length, 0);
        outbox.Emit(new ReplicaEffect.Store(AppendedLsn, _writer.ToArray()));
        return ReplicaVerdict.Accepted;
    }

    private ReplicaVerdict OnTick(Instant now, Outbox<ReplicaEffect> outbox)
    {
        if (_peers.TryHeartbeat(now, out var sequence))
            foreach (var peer in _peers.Nodes) outbox.Emit(new ReplicaEffect.SendHeartbeat(peer, sequence));
        SuspectSilent(now, outbox);
        // A group may set itself a deadline that is due; its next turn is the next tick.
        for (var turns = _replicas.Count; turns > 0 && _deadlines.TryPop(now, out var group); turns--)
            StepGroup(group, new VsrInput.Tick(), now, outbox);
        return ReplicaVerdict.Accepted;
    }

    private VsrVerdict StepGroup(int group, VsrInput input, Instant now, Outbox<ReplicaEffect> outbox)
    {
        var replica = _byGroup[group]!;
        _fromGroup.Clear();
        var verdict = replica.Step(input, now, _fromGroup);
        foreach (var effect in _fromGroup.Effects) Route(group, effect, now, outbox);
        _deadlines.Set(group, replica.NextDeadline);
        return verdict;
    }

    private void Route(int group, VsrEffect effect, Instant now, Outbox<ReplicaEffect> outbox)
    {
        switch (effect)
        {
            case VsrEffect.Persist persist:
                Append(group, persist.Record, outbox);
                break;
            case VsrEffect.Send send:
                var key = (send.To, send.AfterPersist);
                if (!_sends.TryGetValue(key, out var messages)) _sends.Add(key, messages = []);
                messages.Add(new GroupMessage(group, send.Message));
                break;
            case VsrEffect.Apply { Entry: { IsNoop: false } e }:
                outbox.Emit(new ReplicaEffect.Apply(new LogEntry(group, e.Op, e.View, e.Stamp, e.Command)));
                break;
            case VsrEffect.Apply { Entry: var noop }:
                // The first entry of the own view: with it everything of earlier views is committed.
                if (_byGroup[group] is not { IsPrimary: true } leader || leader.View != noop.View) break;
                _peers.HeartbeatAt(now);
                outbox.Emit(new ReplicaEffect.ViewStarted(group, noop.View, IsPrimary: true));
                break;
            case VsrEffect.Restore restore:
                outbox.Emit(new ReplicaEffect.Restore(group, restore.State));
                break;
            case VsrEffect.CaptureState capture:
                outbox.Emit(new ReplicaEffect.CaptureGroup(group, capture));
                break;
            case VsrEffect.ViewStarted { IsPrimary: true }:
                break;
            case VsrEffect.ViewStarted following:
                outbox.Emit(new ReplicaEffect.ViewStarted(group, following.View, IsPrimary: false));
                break;
            case VsrEffect.ViewLeft left:
                outbox.Emit(new ReplicaEffect.ViewLeft(group, left.View));
                break;
            default:
                throw new UnreachableException($"unrouted {effect}");
        }
    }

    /// <summary>What goes to one node in one step travels together; large logs in several messages.</summary>
    private void SendBatches(Outbox<ReplicaEffect> outbox)
    {
        foreach (var ((to, afterPersist), messages) in _sends)
        {
            var batch = new List<GroupMessage>();
            var bytes = 0L;
            foreach (var message in messages)
            {
                if (bytes > 0 && bytes + message.CommandBytes > BatchBytesMax)
                {
                    outbox.Emit(new ReplicaEffect.Send(to, batch, afterPersist));
                    (batch, bytes) = ([], 0);
                }

                batch.Add(message);
                bytes += message.CommandBytes;
            }

            outbox.Emit(new ReplicaEffect.Send(to, batch, afterPersist));
        }

        _sends.Clear();
    }

    private void Append(int group, VsrRecord record, Outbox<ReplicaEffect> outbox)
    {
        _writer.Clear();
        GroupRecord.Write(_writer, new GroupRecord(group, record));
        _bytesSinceSnapshot += _writer.Length;
        _logBytes += _writer.Length;
        var pieces = RecordPiece.Split(_writer.ToArray());
        for (var i = 0; i < pieces.Count; i++)
        {
            AppendedLsn++;
            _inFlight.Enqueue((AppendedLsn, i == pieces.Count - 1 ? group : PartOfRecord));
            outbox.Emit(new ReplicaEffect.Append(pieces[i]));
        }
    }
}
