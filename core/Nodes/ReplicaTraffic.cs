using System.Diagnostics;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Nodes;

/// <summary>What passes between a node's replicas and its host, the same for gates and managers.</summary>
internal static class ReplicaTraffic
{
    public const string LogIsFull = "the log is full: no snapshot could be taken that would shorten it";

    /// <summary>Why a snapshot of these states was not taken.</summary>
    public static TelemetryEvent TooLarge(IEnumerable<ReadOnlyMemory<byte>> states) =>
        new TelemetryEvent.SnapshotTooLarge(
            states.Sum(state => (long)state.Length), LedgerReplicas.SnapshotBytesMax);

    /// <summary>What a message between replicas is to the one that gets it.</summary>
    public static ReplicaInput InputOf(NodeId from, Message message) => message switch
    {
        Message.Replication replication => new ReplicaInput.Received(from, replication.Messages),
        Message.ReplicaHeartbeat heartbeat => new ReplicaInput.HeartbeatReceived(from, heartbeat.Sequence),
        Message.ReplicaHeartbeatAnswered answered =>
            new ReplicaInput.HeartbeatAnswered(from, answered.Sequence, answered.Following),
        _ => throw new UnreachableException($"unhandled {message}"),
    };

    public static NodeVerdict VerdictOf(ReplicaVerdict verdict) => verdict switch
    {
        ReplicaVerdict.Accepted => NodeVerdict.Accepted,
        ReplicaVerdict.NotMember => NodeVerdict.Unknown,
        _ => NodeVerdict.Stale,
    };

    /// <summary>What the host is to do for the replicas; null for what the node does itself.</summary>
    public static NodeEffect? EffectOf(ReplicaEffect effect) => effect switch
    {
        ReplicaEffect.Append append =>
            new NodeEffect.Append(new WalRecord(WalRecordKind.LogEntry, append.Record)),
        ReplicaEffect.Send send => new NodeEffect.Send(
            send.To,
            new Message.Replication(send.Messages),
            send.AfterPersist ? Barrier.Durable : Barrier.None),
        ReplicaEffect.SendHeartbeat heartbeat => new NodeEffect.Send(
            heartbeat.To, new Message.ReplicaHeartbeat(heartbeat.Sequence), Barrier.None),
        ReplicaEffect.AnswerHeartbeat answer => new NodeEffect.Send(
            answer.To,
            new Message.ReplicaHeartbeatAnswered(answer.Sequence, answer.Following),
            Barrier.None),
        _ => null,
    };
}
