using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Microsoft.Coyote.Actors;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>What a node's actor is told; the order between actors is Coyote's.</summary>
internal static class NodeEvents
{
    /// <summary>The actor's first event.</summary>
    public sealed class Begun(Cluster cluster, NodeId id) : Event
    {
        public Cluster Cluster { get; } = cluster;

        public NodeId Id { get; } = id;
    }

    /// <summary>All actors are there: the node's process starts.</summary>
    public sealed class Started : Event;

    /// <summary>A message, as the bytes it travelled in.</summary>
    public sealed class Arrived(NodeId from, byte[] bytes) : Event
    {
        public NodeId From { get; } = from;

        public byte[] Bytes { get; } = bytes;
    }

    /// <summary>The disk has written what was appended before <paramref name="life"/> ended.</summary>
    public sealed class Synced(int life) : Event
    {
        public int Life { get; } = life;
    }

    /// <summary>Time passes until the node's next deadline.</summary>
    public sealed class TimePassed : Event;

    /// <summary>The process dies and starts again; a random part of what was not synced is on disk.</summary>
    public sealed class Crashed : Event;

    public sealed class Asked(long requestId, ClientRequest request) : Event
    {
        public long RequestId { get; } = requestId;

        public ClientRequest Request { get; } = request;
    }

    public sealed class WorkloadEnded(AttemptKey attempt, int life, int exitCode) : Event
    {
        public AttemptKey Attempt { get; } = attempt;

        public int Life { get; } = life;

        public int ExitCode { get; } = exitCode;
    }
}
