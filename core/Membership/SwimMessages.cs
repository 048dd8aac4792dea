using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Membership;

/// <summary>What a node thinks of a member; of one incarnation, a later state replaces an earlier
/// one.</summary>
public enum MemberState : byte
{
    /// <summary>Configured, and never heard of: it may not have been started. Never
    /// suspected.</summary>
    Unconfirmed,
    Alive,

    /// <summary>Did not answer; dead unless it contradicts in time.</summary>
    Suspect,
    Dead,
}

/// <summary>What is said of a member.</summary>
/// <param name="Incarnation">The claim to be alive that this is about.</param>
/// <param name="State">Never <see cref="MemberState.Unconfirmed"/>.</param>
/// <param name="Accuser">Who found a suspect silent; of all others the member itself.</param>
public sealed record MemberUpdate(NodeId Node, Incarnation Incarnation, MemberState State, NodeId Accuser)
{
    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Node);
        Incarnation.AddTo(ref fingerprint);
        fingerprint.Add((ulong)State);
        fingerprint.Add(Accuser);
    }
}

/// <summary>What members tell each other (SWIM with Lifeguard).</summary>
/// <param name="Incarnation">The sender's newest: whoever speaks, lives.</param>
/// <param name="Updates">News that ride along.</param>
public abstract record SwimMessage(Incarnation Incarnation, IReadOnlyList<MemberUpdate> Updates)
{
    /// <summary>How members are, which rides along (AD-41).</summary>
    public IReadOnlyList<HealthRecord> Health { get; init; } = [];

    /// <param name="ByStream">The answer comes back by the stream too: datagrams may not pass at all.</param>
    public sealed record Ping(
        Incarnation Incarnation, long Sequence, bool ByStream, IReadOnlyList<MemberUpdate> Updates)
        : SwimMessage(Incarnation, Updates);

    /// <param name="Sequence">Of the ping or request that this answers.</param>
    /// <param name="ByStream">As the ping asked for.</param>
    public sealed record Ack(
        Incarnation Incarnation, long Sequence, bool ByStream, IReadOnlyList<MemberUpdate> Updates)
        : SwimMessage(Incarnation, Updates);

    /// <summary>Asks the receiver to ping a third member in the sender's place.</summary>
    /// <param name="NackAfter">When the sender wants to hear that there is no answer yet.</param>
    public sealed record PingRequest(
        Incarnation Incarnation,
        long Sequence,
        NodeId Target,
        Duration NackAfter,
        IReadOnlyList<MemberUpdate> Updates)
        : SwimMessage(Incarnation, Updates);

    /// <summary>The third member has not answered so far; the sender of this, though, is well.</summary>
    public sealed record Nack(Incarnation Incarnation, long Sequence, IReadOnlyList<MemberUpdate> Updates)
        : SwimMessage(Incarnation, Updates);

    /// <summary>Everything the sender knows, over the stream.</summary>
    /// <param name="WantsAnswer">The receiver answers with everything it knows.</param>
    public sealed record PushPull(
        Incarnation Incarnation, bool WantsAnswer, IReadOnlyList<MemberUpdate> Updates)
        : SwimMessage(Incarnation, Updates);
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

    /// <summary>The member's state or its boot is another, however that was learned.</summary>
    /// <param name="IsNewLife">This boot was not heard of before.</param>
    public sealed record MemberChanged(NodeId Node, BootId Boot, MemberState State, bool IsNewLife)
        : SwimEffect;

    /// <summary>A datagram to the member and its answer took this long.</summary>
    public sealed record RttMeasured(NodeId Node, Duration Rtt) : SwimEffect;
}

public enum SwimVerdict : byte
{
    Accepted,

    /// <summary>From or about a node that is no configured member.</summary>
    NotMember,

    /// <summary>An answer that nothing waits for.</summary>
    Unexpected,

    /// <summary>Too many pings in others' places are under way.</summary>
    Overloaded,
}
