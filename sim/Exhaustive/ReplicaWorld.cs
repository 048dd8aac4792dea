using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>The replicas of one group, their disks, and the set of all messages ever sent: a message in it
/// may arrive at any time, any number of times, or never.</summary>
internal sealed class ReplicaWorld
{
    private readonly ExplorationBounds _bounds;
    private readonly IReadOnlyList<NodeId> _names;
    private readonly Node[] _nodes;
    private readonly SortedDictionary<ulong, Letter> _letters = [];
    private readonly SortedDictionary<long, ulong> _committed = [];
    private readonly Outbox<VsrEffect> _outbox = new();
    private int _crashes;
    private int _proposals;

    public ReplicaWorld(ExplorationBounds bounds)
    {
        _bounds = bounds;
        _names = [.. Enumerable.Range(0, bounds.Replicas).Select(i => NodeId.Of($"replica-{i}"))];
        _nodes = [.. _names.Select(_ => new Node())];
        for (var i = 0; i < _nodes.Length; i++) Start(i);
    }

    /// <summary>Whether the world has left the bounds: nothing beyond is looked at.</summary>
    public bool IsBeyond => _nodes.Any(node => node.Replica.View > _bounds.ViewMax);

    /// <summary>Whether an entry of a client is committed.</summary>
    public bool HasCommitted => _nodes.Any(node => node.Applied.Op > 1);

    /// <summary>Everything that may happen next, in a fixed order.</summary>
    public IReadOnlyList<WorldEvent> Events()
    {
        var events = new List<WorldEvent>();
        foreach (var (key, letter) in _letters)
        {
            // An older view's message is answered with the newer view, which other messages tell as well.
            var isStale = letter.Message.View < _nodes[letter.To].Replica.View;
            if (!isStale) events.Add(new WorldEvent.Delivered(key, letter.To));
        }

        for (var i = 0; i < _nodes.Length; i++)
        {
            var node = _nodes[i];
            if (node.Unsynced.Count > 0) events.Add(new WorldEvent.Synced(i));
            if (_crashes < _bounds.CrashesMax)
                for (var kept = 0; kept <= node.Unsynced.Count; kept++)
                    events.Add(new WorldEvent.Crashed(i, kept));
            if (_proposals < _bounds.EntriesMax && node.Replica.IsPrimary)
                events.Add(new WorldEvent.Proposed(i));
            var mayWant = !node.IsSuspecting
                && node.Replica is { Status: VsrStatus.Normal, IsPrimary: false };
            if (mayWant && node.Replica.View < _bounds.ViewMax) events.Add(new WorldEvent.Suspected(i));
        }

        return events;
    }

    /// <exception cref="InvariantViolationException">A rule is broken.</exception>
    public void Apply(WorldEvent next)
    {
        switch (next)
        {
            case WorldEvent.Delivered delivered:
                var letter = _letters[delivered.Letter];
                Step(letter.To, new VsrInput.Received(_names[letter.From], letter.Message));
                break;
            case WorldEvent.Synced synced:
                Sync(synced.Replica);
                break;
            case WorldEvent.Crashed crashed:
                _crashes++;
                _nodes[crashed.Replica].Disk.AddRange(_nodes[crashed.Replica].Unsynced.Take(crashed.Kept));
                Start(crashed.Replica);
                break;
            case WorldEvent.Proposed proposed:
                var command = new[] { (byte)_proposals++ };
                Step(proposed.Replica, new VsrInput.Proposed(command, new WallTime(0)));
                break;
            case WorldEvent.Suspected suspected:
                var node = _nodes[suspected.Replica];
                node.IsSuspecting = true;
                Step(suspected.Replica, new VsrInput.Suspected(node.Replica.Primary, IsSuspect: true));
                break;
            default:
                throw new UnreachableException($"unhandled {next}");
        }
    }

    /// <summary>Equal for worlds in which the same can happen.</summary>
    public ulong Fingerprint()
    {
        var fingerprint = default(Fingerprint);
        fingerprint.Add((long)_crashes);
        fingerprint.Add((long)_proposals);
        foreach (var key in _letters.Keys) fingerprint.Add(key);
        foreach (var node in _nodes) node.AddTo(ref fingerprint);
        return fingerprint.Value;
    }

    private void Start(int i)
    {
        var node = _nodes[i];
        node.Unsynced.Clear();
        node.Held.Clear();
        node.IsSuspecting = false;
        (node.Issued, node.Written) = (0, 0);
        node.Replica = new VsrReplica(VsrConfig.Default(0, _names, i));
        var durable = new VsrDurable();
        foreach (var record in node.Disk) Invariant.Holds(durable.TryReplay(record));
        node.Applied = LogPosition.Start;
        Step(i, new VsrInput.Recovered(durable, Seed: 1, NewLife: null));
    }

    private void Sync(int i)
    {
        var node = _nodes[i];
        node.Disk.AddRange(node.Unsynced);
        node.Written += node.Unsynced.Count;
        node.Unsynced.Clear();
        var held = node.Held.ToList();
        node.Held.Clear();
        foreach (var letter in held) Post(letter);
        Step(i, new VsrInput.Persisted(node.Written));
    }

    private void Step(int i, VsrInput input)
    {
        var node = _nodes[i];
        _outbox.Clear();
        node.Replica.Step(input, Instant.Zero, _outbox);
        node.Replica.CheckInvariants();
        foreach (var effect in _outbox.Effects.ToList()) CarryOut(i, node, effect);
    }

    private void CarryOut(int i, Node node, VsrEffect effect)
    {
        switch (effect)
        {
            case VsrEffect.Persist persist:
                node.Unsynced.Add(persist.Record);
                node.Issued++;
                break;
            case VsrEffect.Send send:
                var letter = new Letter(i, _names.ToList().IndexOf(send.To), send.Message);
                if (send.AfterPersist && node.Unsynced.Count > 0) node.Held.Add(letter);
                else Post(letter);
                break;
            case VsrEffect.Apply apply:
                Invariant.Holds(apply.Entry.Follows(node.Applied));
                node.Applied = new LogPosition(apply.Entry.Op, apply.Entry.Hash);
                _committed.TryAdd(apply.Entry.Op, apply.Entry.Hash);
                // V1: two committed entries at one op are one entry.
                Invariant.Holds(_committed[apply.Entry.Op] == apply.Entry.Hash);
                break;
            case VsrEffect.Restore or VsrEffect.ViewStarted or VsrEffect.ViewLeft:
                break;
            default:
                throw new UnreachableException($"unhandled {effect}");
        }
    }

    private void Post(Letter letter) => _letters.TryAdd(letter.Key, letter);

    private sealed record Letter(int From, int To, VsrMessage Message)
    {
        public ulong Key { get; } = KeyOf(From, To, Message);

        private static ulong KeyOf(int from, int to, VsrMessage message)
        {
            var writer = new Wire.FieldWriter();
            VsrFields.Write(writer, message);
            var fingerprint = default(Fingerprint);
            fingerprint.Add((long)from);
            fingerprint.Add((long)to);
            fingerprint.Add(writer.Written);
            return fingerprint.Value;
        }
    }

    private sealed class Node
    {
        public VsrReplica Replica { get; set; } = null!;

        public List<VsrRecord> Disk { get; } = [];

        public List<VsrRecord> Unsynced { get; } = [];

        public List<Letter> Held { get; } = [];

        public long Issued { get; set; }

        public long Written { get; set; }

        public bool IsSuspecting { get; set; }

        public LogPosition Applied { get; set; }

        public void AddTo(ref Fingerprint fingerprint)
        {
            Replica.AddProtocolTo(ref fingerprint);
            fingerprint.Add(IsSuspecting);
            AddRecords(ref fingerprint, Disk);
            AddRecords(ref fingerprint, Unsynced);
            foreach (var letter in Held) fingerprint.Add(letter.Key);
        }

        private static void AddRecords(ref Fingerprint fingerprint, List<VsrRecord> records)
        {
            var writer = new Wire.FieldWriter();
            foreach (var record in records) VsrRecordFields.Write(writer, record);
            fingerprint.Add(writer.Written);
        }
    }
}

/// <summary>How far an exploration goes.</summary>
internal sealed record ExplorationBounds(int Replicas, long ViewMax, int EntriesMax, int CrashesMax);

/// <summary>One thing that can happen in a <see cref="ReplicaWorld"/>.</summary>
internal abstract record WorldEvent
{
    private WorldEvent() { }

    public sealed record Delivered(ulong Letter, int To) : WorldEvent;

    public sealed record Synced(int Replica) : WorldEvent;

    /// <param name="Kept">How many of the records that were not synced are on disk.</param>
    public sealed record Crashed(int Replica, int Kept) : WorldEvent;

    public sealed record Proposed(int Replica) : WorldEvent;

    public sealed record Suspected(int Replica) : WorldEvent;
}
