using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>Three nodes with one group on a perfect network, whose ledger's state is large and the same from
/// the start.</summary>
internal sealed class ReplicaTrio
{
    private static readonly Duration Patience = Duration.FromMinutes(100_000);

    // Nobody is missed, so that the replicas come to rest.
    private static readonly ReplicaTimes Patient = new(Patience, Patience, Patience);

    private readonly Queue<(int From, ReplicaEffect.Send Send)> _network = new();
    private readonly ReadOnlyMemory<byte> _state;
    private readonly NodeId[] _names = [NodeId.Of("gate-a"), NodeId.Of("gate-b"), NodeId.Of("gate-c")];
    private Instant _now = Instant.Zero;
    private int _lives;

    /// <summary>All have committed more entries than they keep.</summary>
    public ReplicaTrio(ReadOnlyMemory<byte> state)
    {
        _state = state;
        Nodes = [.. _names.Select(_ => new Node())];
        for (var i = 0; i < Nodes.Count; i++) Start(i, 0, null);
        Settle();
        // More entries than are kept for those that lag: from then on only the state tells what was before.
        for (var entry = 0; entry < 3000; entry++)
        {
            var leader = Nodes.First(node => node.Replica.IsPrimary).Replicas;
            Step(Nodes.FindIndex(node => node.Replicas == leader), new ReplicaInput.Proposed(
                0, new byte[] { 1 }, new WallTime(entry)));
            Settle();
        }
    }

    public List<Node> Nodes { get; }

    /// <summary>The node's disk is empty and it begins its second life.</summary>
    public void LoseDisk(int i)
    {
        Nodes[i].Records.Clear();
        Start(i, 0, newLife: 2);
    }

    /// <summary>The node's process ends; its disk keeps so many records.</summary>
    public void Restart(int i, int kept)
    {
        Nodes[i].Records.RemoveRange(kept, Nodes[i].Records.Count - kept);
        Start(i, kept, newLife: 2);
    }

    /// <summary>Delivers everything, and lets time pass until nobody has anything left to do.</summary>
    public void Settle()
    {
        for (var steps = 0; steps < 100_000; steps++)
        {
            if (_network.TryDequeue(out var sent))
            {
                var to = Array.IndexOf(_names, sent.Send.To);
                Step(to, new ReplicaInput.Received(_names[sent.From], sent.Send.Messages));
                continue;
            }

            var next = Nodes.Min(node => node.Replicas.NextDeadline);
            if (next > _now + (Patience / 2)) return;
            _now = Instant.Later(_now, next);
            for (var i = 0; i < Nodes.Count; i++)
                if (Nodes[i].Replicas.NextDeadline <= _now) Step(i, new ReplicaInput.Tick());
        }

        Assert.Fail("the replicas do not come to rest");
    }

    private void Start(int i, int kept, long? newLife)
    {
        var node = Nodes[i];
        node.Replicas = new LedgerReplicas(_names[i], [(0, _names)], Patient);
        node.State = default;
        var records = node.Records.Take(kept).ToList();
        Step(i, new ReplicaInput.Recovered(0, default, records, (ulong)++_lives, newLife));
    }

    private void Step(int i, ReplicaInput input)
    {
        var node = Nodes[i];
        var outbox = new Outbox<ReplicaEffect>();
        Assert.NotEqual(ReplicaVerdict.Unreadable, node.Replicas.Step(input, _now, outbox));
        foreach (var effect in outbox.Effects.ToList())
        {
            switch (effect)
            {
                case ReplicaEffect.Append append:
                    node.Records.Add(append.Record);
                    break;
                case ReplicaEffect.Send send:
                    _network.Enqueue((i, send));
                    break;
                case ReplicaEffect.Apply:
                    node.State = _state;
                    break;
                case ReplicaEffect.Restore restore:
                    node.State = restore.State;
                    break;
                case ReplicaEffect.CaptureGroup capture:
                    Step(i, new ReplicaInput.GroupCaptured(0, capture.Asked, node.State));
                    break;
                default:
                    break;
            }
        }

        node.Replicas.CheckInvariants();
        // The disk is quick: everything is on it before the next message is read.
        if (node.Replicas.PersistedLsn < node.Replicas.AppendedLsn)
            Step(i, new ReplicaInput.Persisted(node.Replicas.AppendedLsn));
    }

    internal sealed class Node
    {
        public LedgerReplicas Replicas { get; set; } = null!;

        public VsrReplica Replica => Replicas.Groups.Single();

        public List<ReadOnlyMemory<byte>> Records { get; } = [];

        public ReadOnlyMemory<byte> State { get; set; }
    }
}
