using System.Buffers.Binary;
using System.Collections.Immutable;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>The replicas of one group on a network that loses, doubles and reorders, with disks that lose
/// what was not synced. Checks after every step what must never happen.</summary>
internal sealed class VsrCluster
{
    private readonly List<(int From, int To, VsrMessage Message)> _network = [];
    private readonly Outbox<VsrEffect> _outbox = new();
    private readonly SortedDictionary<long, ulong> _committed = [];
    private readonly ulong _seed;
    private ulong _starts;

    public VsrCluster(int replicas, ulong seed, int keptEntries = 4)
    {
        _seed = seed;
        Names = [.. Enumerable.Range(0, replicas).Select(i => NodeId.Of($"gate-{i}"))];
        KeptEntries = keptEntries;
        Nodes = [.. Enumerable.Range(0, replicas).Select(_ => new Node())];
        for (var i = 0; i < replicas; i++) Start(i);
    }

    public IReadOnlyList<NodeId> Names { get; }

    public IReadOnlyList<Node> Nodes { get; }

    public Instant Now { get; private set; } = Instant.Zero;

    public int InNetwork => _network.Count;

    public int Committed => _committed.Count;

    public SortedDictionary<VsrVerdict, int> Verdicts { get; } = [];

    private int KeptEntries { get; }

    public void Start(int i)
    {
        var node = Nodes[i];
        long? newLife = node.Life > 0 ? node.Life : null;
        var config = VsrConfig.Default(0, Names, i) with { KeptEntries = KeptEntries };
        node.Replica = new VsrReplica(config);
        node.Unsynced.Clear();
        node.Held.Clear();
        (node.Issued, node.Synced) = (0, 0);
        Step(i, new VsrInput.Recovered(
            node.Fold(), Rng.Draw(_seed, "start", n: _starts++), newLife));
    }

    /// <summary>The process ends; of what was not synced a random beginning is on disk.</summary>
    public void Crash(int i, Rng rng)
    {
        var node = Nodes[i];
        node.Disk.AddRange(node.Unsynced.Take((int)rng.Below(node.Unsynced.Count + 1)));
        node.Replica = null;
        node.Unsynced.Clear();
        node.Held.Clear();
        _network.RemoveAll(m => m.From == i && rng.Chance(1, 2));
    }

    /// <summary>The disk is empty; the node starts a new life.</summary>
    public void LoseDisk(int i)
    {
        var node = Nodes[i];
        node.Replica = null;
        node.Disk.Clear();
        node.Base = new VsrDurable();
        node.Promised = default;
        node.Losses++;
        // Where nothing is left to count on, a clock that went back gives a lower number than before.
        node.Life = node.Losses % 2 == 0 ? 1000 - node.Losses : 1000 + node.Losses;
        Start(i);
    }

    /// <summary>The disk is what it was in its first life.</summary>
    public void PutBack(int i, IEnumerable<VsrRecord> records)
    {
        var node = Nodes[i];
        node.Disk.Clear();
        node.Disk.AddRange(records);
        node.Base = new VsrDurable();
        (node.Promised, node.Life) = (default, 0);
        Start(i);
    }

    public void Sync(int i, int count)
    {
        var node = Nodes[i];
        if (node.Replica is null) return;
        count = Math.Min(count, node.Unsynced.Count);
        node.Disk.AddRange(node.Unsynced.Take(count));
        node.Unsynced.RemoveRange(0, count);
        node.Synced += count;
        foreach (var held in node.Held.TakeWhile(h => h.After <= node.Synced).ToList())
        {
            node.Held.RemoveAt(0);
            Leave(i, held.To, held.Message);
        }

        if (count > 0) Step(i, new VsrInput.Persisted(node.Synced));
    }

    /// <summary>Replaces the synced records by a snapshot of what they amount to.</summary>
    public void Snapshot(int i)
    {
        var node = Nodes[i];
        if (node.Replica is null || node.Unsynced.Count > 0) return;
        var (head, tail) = node.Replica.Capture();
        var log = new VsrLog(head.Position, head.Stamp);
        foreach (var entry in tail) log.Append(entry);
        node.Base = new VsrDurable(
            head.View, head.LastNormalView, head.Incarnation, head.DiskLife, head.IsDiskLost, node.State(),
            log,
            head.PeerIncarnations.ToImmutableSortedDictionary());
        node.Disk.Clear();
    }

    public void Deliver(int index, bool keep)
    {
        var (from, to, message) = _network[index];
        if (!keep) _network.RemoveAt(index);
        if (Nodes[to].Replica is null) return;
        Step(to, new VsrInput.Received(Names[from], message));
    }

    /// <summary>Syncs both ends and delivers every such message that is under way, in order.</summary>
    /// <param name="keep">They arrive once more later.</param>
    public void Deliver<T>(int from, int to, bool keep = false)
        where T : VsrMessage
    {
        Sync(from, int.MaxValue);
        foreach (var sent in _network.Where(m => m.From == from && m.To == to && m.Message is T).ToList())
            Deliver(_network.IndexOf(sent), keep);
        Sync(to, int.MaxValue);
    }

    /// <summary>A message arrives that is not under way.</summary>
    public VsrVerdict Receive(int to, int from, VsrMessage message) =>
        Step(to, new VsrInput.Received(Names[from], message));

    /// <summary>What is under way from one to another.</summary>
    public IReadOnlyList<VsrMessage> Sent(int from, int to) =>
        [.. _network.Where(m => m.From == from && m.To == to).Select(m => m.Message)];

    public void Drop(int index) => _network.RemoveAt(index);

    public VsrVerdict Propose(int i, byte value) =>
        Step(i, new VsrInput.Proposed(new byte[] { value }, new WallTime(Now.Nanoseconds / 1_000_000)));

    public void Suspect(int i, int other, bool isSuspect) =>
        Step(i, new VsrInput.Suspected(Names[other], isSuspect));

    /// <summary>A heartbeat's answer tells that a node follows this one and wants to leave.</summary>
    public VsrVerdict Wish(int i, int from) => Step(i, new VsrInput.Followed(
        Names[from], new FollowedView(0, Nodes[i].Replica!.View, 0, WantsExit: true)));

    /// <summary>Time passes until the next deadline of this node.</summary>
    public void Tick(int i)
    {
        if (Nodes[i].Replica is not { } replica || replica.NextDeadline == Instant.Never) return;
        if (replica.NextDeadline > Now) Now = replica.NextDeadline;
        Step(i, new VsrInput.Tick());
    }

    /// <summary>Everything works again; true when all replicas agree within the bound of steps.</summary>
    public bool Heal(int stepsMax = 4000)
    {
        for (var i = 0; i < Nodes.Count; i++) if (Nodes[i].Replica is null) Start(i);
        for (var i = 0; i < Nodes.Count; i++)
            for (var other = 0; other < Nodes.Count; other++) if (i != other) Suspect(i, other, false);
        var before = _committed.Count;
        var proposed = false;
        for (var steps = 0; steps < stepsMax; steps++)
        {
            for (var i = 0; i < Nodes.Count; i++) Sync(i, int.MaxValue);
            if (_network.Count > 0)
            {
                Deliver(0, keep: false);
                continue;
            }

            var primary = Nodes.ToList().FindIndex(n => n.Replica!.IsPrimary);
            if (!proposed && primary >= 0) proposed = Propose(primary, 255) == VsrVerdict.Accepted;
            if (proposed && _committed.Count > before && HasConverged) return true;
            var next = Nodes.Select((n, i) => (n.Replica!.NextDeadline, i)).Min();
            if (next.NextDeadline == Instant.Never) return false;
            Tick(next.i);
        }

        return false;
    }

    public bool HasConverged =>
        Nodes.All(n => n.Replica is { Status: VsrStatus.Normal })
        && Nodes.Select(n => n.Replica!.View).Distinct().Count() == 1
        && Nodes.Select(n => n.Applied).Distinct().Count() == 1
        && Nodes[0].Applied.Op == _committed.Keys.LastOrDefault();

    public override string ToString() => string.Join("; ", Nodes.Select((n, i) =>
        $"{i}: {n.Replica?.Status} v{n.Replica?.View} l{n.Replica?.LastNormalView} "
        + $"c{n.Replica?.Commit}/{n.Replica?.Op} {n.Applied.Op} next {n.Replica?.NextDeadline}"))
        + $" net {_network.Count} committed {_committed.Keys.LastOrDefault()}";

    private VsrVerdict Step(int i, VsrInput input)
    {
        var node = Nodes[i];
        var replica = node.Replica!;
        var (view, lastNormal, commit) = (replica.View, replica.LastNormalView, replica.Commit);
        _outbox.Clear();
        var verdict = replica.Step(input, Now, _outbox);
        Verdicts[verdict] = Verdicts.GetValueOrDefault(verdict) + 1;
        foreach (var effect in _outbox.Effects.ToList()) CarryOut(i, effect);
        replica.CheckInvariants();
        Assert.True(replica.View >= view && replica.LastNormalView >= lastNormal && replica.Commit >= commit);
        Assert.True(
            node.Promised.View != replica.LastNormalView || node.Promised.Op <= replica.Op,
            $"{i} promised {node.Promised} and holds {replica.Op}");
        return verdict;
    }

    private void CarryOut(int i, VsrEffect effect)
    {
        var node = Nodes[i];
        switch (effect)
        {
            case VsrEffect.Persist persist:
                node.Unsynced.Add(persist.Record);
                node.Issued++;
                break;
            case VsrEffect.Send send:
                var to = Names.ToList().IndexOf(send.To);
                if (send.AfterPersist && node.Unsynced.Count > 0)
                    node.Held.Add((node.Issued, to, send.Message));
                else Leave(i, to, send.Message);
                break;
            case VsrEffect.Apply apply:
                Assert.Equal(node.Applied.Op + 1, apply.Entry.Op);
                Assert.True(apply.Entry.Follows(node.Applied));
                node.Applied = new LogPosition(apply.Entry.Op, apply.Entry.Hash);
                Assert.True(
                    _committed.TryAdd(apply.Entry.Op, apply.Entry.Hash)
                    || _committed[apply.Entry.Op] == apply.Entry.Hash,
                    $"two entries are committed at op {apply.Entry.Op}");
                break;
            case VsrEffect.Restore restore:
                node.Restore(restore.State);
                Assert.True(node.Applied.Op == 0 || _committed[node.Applied.Op] == node.Applied.Hash);
                break;
            case VsrEffect.CaptureState capture:
                Step(i, new VsrInput.StateCaptured(capture, node.State()));
                break;
            case VsrEffect.ViewStarted or VsrEffect.ViewLeft:
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"unhandled {effect}");
        }
    }

    private void Leave(int from, int to, VsrMessage message)
    {
        var node = Nodes[from];
        if (message is VsrMessage.PrepareOk ok && (ok.View, ok.End.Op).CompareTo(node.Promised) > 0)
            node.Promised = (ok.View, ok.End.Op);
        _network.Add((from, to, message));
    }

    /// <summary>One machine, its disk and its ledger: the position it has applied up to.</summary>
    internal sealed class Node
    {
        public VsrReplica? Replica { get; set; }

        public VsrDurable Base { get; set; } = new();

        public List<VsrRecord> Disk { get; } = [];

        public List<VsrRecord> Unsynced { get; } = [];

        public List<(long After, int To, VsrMessage Message)> Held { get; } = [];

        /// <summary>The newest PrepareOk that left: view and op.</summary>
        public (long View, long Op) Promised { get; set; }

        public long Issued { get; set; }

        public long Synced { get; set; }

        /// <summary>Of the disk; 0 in the first.</summary>
        public long Life { get; set; }

        public int Losses { get; set; }

        public LogPosition Applied { get; set; }

        public ReadOnlyMemory<byte> State()
        {
            var bytes = new byte[16];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, Applied.Op);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), Applied.Hash);
            return bytes;
        }

        public void Restore(ReadOnlyMemory<byte> state) => Applied = state.IsEmpty
            ? LogPosition.Start
            : new LogPosition(
                BinaryPrimitives.ReadInt64LittleEndian(state.Span),
                BinaryPrimitives.ReadUInt64LittleEndian(state.Span[8..]));

        /// <summary>What a start reads; the fold must not touch what the next start reads.</summary>
        public VsrDurable Fold()
        {
            var log = new VsrLog(Base.Log.Base, Base.Log.BaseStamp);
            var tail = Base.Log.After(Base.Log.Base.Op, int.MaxValue, int.MaxValue);
            foreach (var entry in tail) log.Append(entry);
            var durable = new VsrDurable(
                Base.View, Base.LastNormalView, Base.Incarnation, Base.DiskLife, Base.IsDiskLost, Base.State,
                log,
                Base.PeerIncarnations.ToImmutableSortedDictionary());
            foreach (var record in Disk) Assert.True(durable.TryReplay(record), $"{record} does not fit");
            return durable;
        }
    }
}
