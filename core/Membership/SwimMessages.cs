using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

public enum MemberState : byte
{
    /// <summary>Configured, and never heard of: it may not have been started.</summary>
    Unconfirmed,
    Alive,

    /// <summary>Did not answer; dead unless it speaks up in time.</summary>
    Suspect,
    Dead,
}

/// <summary>What is said of a member.</summary>
/// <param name="Boot">The life of the member that this is about; a newer life ends all talk of an older
/// one.</param>
/// <param name="Incarnation">Rises, within one life, when the member contradicts talk of its
/// death.</param>
/// <param name="Accuser">Who suspects it; itself when nobody does.</param>
public sealed record MemberUpdate(
    NodeId Node, BootId Boot, long Incarnation, MemberState State, NodeId Accuser)
{
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Node);
        fingerprint.Add(Boot.Value);
        fingerprint.Add(Incarnation);
        fingerprint.Add((ulong)State);
        fingerprint.Add(Accuser);
    }
}

/// <summary>What members tell each other (SWIM with Lifeguard).</summary>
/// <param name="Updates">News that ride along, within the datagram's bytes.</param>
public abstract record SwimMessage(IReadOnlyList<MemberUpdate> Updates)
{
    public sealed record Ping(long Sequence, IReadOnlyList<MemberUpdate> Updates) : SwimMessage(Updates);

    public sealed record Ack(long Sequence, IReadOnlyList<MemberUpdate> Updates) : SwimMessage(Updates);

    /// <summary>Asks the receiver to ping a third member in the sender's place.</summary>
    public sealed record PingRequest(long Sequence, NodeId Target, IReadOnlyList<MemberUpdate> Updates)
        : SwimMessage(Updates);

    /// <summary>The third member has not answered so far: the sender of this is well, though.</summary>
    public sealed record Nack(long Sequence, IReadOnlyList<MemberUpdate> Updates) : SwimMessage(Updates);

    /// <summary>Everything the sender knows, over a stream.</summary>
    /// <param name="WantsAnswer">The receiver answers with everything it knows.</param>
    public sealed record PushPull(bool WantsAnswer, IReadOnlyList<MemberUpdate> Updates)
        : SwimMessage(Updates);
}

public abstract record SwimInput
{
    private SwimInput() { }

    /// <summary>The first input.</summary>
    /// <param name="Boot">This start's identity.</param>
    public sealed record Started(BootId Boot, ulong Seed) : SwimInput;

    public sealed record Received(NodeId From, SwimMessage Message) : SwimInput;

    public sealed record Tick : SwimInput;
}

public abstract record SwimEffect
{
    private SwimEffect() { }

    public sealed record SendDatagram(NodeId To, SwimMessage Message) : SwimEffect;

    public sealed record SendStream(NodeId To, SwimMessage Message) : SwimEffect;

    public sealed record MemberChanged(NodeId Node, BootId Boot, MemberState State) : SwimEffect;
}

public enum SwimVerdict : byte
{
    Accepted,

    /// <summary>From a node that is no configured member.</summary>
    NotMember,

    /// <summary>An answer that nothing waits for.</summary>
    Unexpected,
}

/// <summary>Settings of a membership group.</summary>
/// <param name="Members">Every configured member, this node included.</param>
/// <param name="ProbePeriod">Between two probes while this node is healthy; more when it is not.</param>
/// <param name="ProbeTimeoutMin">Least wait for a direct answer.</param>
/// <param name="SuspicionMultiplier">Least suspicion in probe periods for a small group.</param>
/// <param name="SuspicionMaxFactor">Longest suspicion, as a multiple of the least.</param>
/// <param name="IndirectProbes">How many others are asked to probe a silent member.</param>
/// <param name="PushPullPeriod">Between two exchanges of everything with one other member.</param>
/// <param name="UpdatesMax">Most news that ride on one datagram.</param>
public sealed record SwimConfig(
    NodeId Self,
    IReadOnlyList<NodeId> Members,
    Duration ProbePeriod,
    Duration ProbeTimeoutMin,
    int SuspicionMultiplier,
    int SuspicionMaxFactor,
    int IndirectProbes,
    Duration PushPullPeriod,
    int UpdatesMax)
{
    public static SwimConfig Default(NodeId self, IReadOnlyList<NodeId> members) => new(
        self,
        members,
        ProbePeriod: Duration.FromSeconds(1),
        ProbeTimeoutMin: Duration.FromMilliseconds(200),
        SuspicionMultiplier: 3,
        SuspicionMaxFactor: 4,
        IndirectProbes: 3,
        PushPullPeriod: Duration.FromSeconds(30),
        UpdatesMax: 6);
}
