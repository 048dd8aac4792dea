using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Tests.Shell.Hosting;

/// <summary>A node that does what a test says.</summary>
internal sealed class ScriptedNode(Action<NodeInput, Outbox<NodeEffect>> script) : INode
{
    private long _deadline = long.MaxValue;

    public NodeId Id => NodeId.Of("scripted");

    public Instant NextDeadline
    {
        get => new(Interlocked.Read(ref _deadline));
        set => Interlocked.Exchange(ref _deadline, value.Nanoseconds);
    }

    public Instant Now { get; private set; }

    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
    {
        Now = now;
        script(input, outbox);
        return NodeVerdict.Accepted;
    }

    public void CheckInvariants()
    {
    }

    public void AddTo(ref Fingerprint fingerprint) => fingerprint.Add(Id);
}
