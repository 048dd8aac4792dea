using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

/// <summary>Settings of a membership group.</summary>
/// <param name="Members">Every configured member, this node included; at most
/// <see cref="SwimFields.UpdatesMax"/>.</param>
/// <param name="ProbePeriod">Between two probes while this node is well; more when it is not.</param>
/// <param name="ProbeTimeoutMin">Least wait for a direct answer; a probe's whole period is twice as long at
/// least.</param>
/// <param name="SuspicionMultiplier">Least suspicion in probe periods for a group of up to ten.</param>
/// <param name="SuspicionMaxFactor">Longest suspicion, as a multiple of the least.</param>
/// <param name="IndirectProbes">How many others are asked to probe a silent member.</param>
/// <param name="PushPullPeriod">Between two exchanges of everything with another member, more or less a
/// quarter.</param>
public sealed record SwimConfig(
    NodeId Self,
    IReadOnlyList<NodeId> Members,
    Duration ProbePeriod,
    Duration ProbeTimeoutMin,
    int SuspicionMultiplier,
    int SuspicionMaxFactor,
    int IndirectProbes,
    Duration PushPullPeriod)
{
    public static SwimConfig Default(NodeId self, IReadOnlyList<NodeId> members) => new(
        self,
        members,
        ProbePeriod: Duration.FromSeconds(1),
        ProbeTimeoutMin: Duration.FromMilliseconds(500),
        SuspicionMultiplier: 3,
        SuspicionMaxFactor: 4,
        IndirectProbes: 3,
        PushPullPeriod: Duration.FromSeconds(30));

    /// <summary>Whether a machine can be made of it; what is not is our own mistake.</summary>
    public bool IsValid =>
        Members.Contains(Self) && Members.Count <= SwimFields.UpdatesMax
        && Members.Distinct().Count() == Members.Count
        && ProbeTimeoutMin > Duration.Zero && ProbeTimeoutMin * 2 <= ProbePeriod
        && ProbePeriod * (Swim.HealthMax + 1) <= SwimFields.NackAfterMax
        && SuspicionMultiplier >= 1 && SuspicionMaxFactor >= 1 && IndirectProbes >= 0
        && PushPullPeriod > Duration.Zero;

    /// <summary>How many others can join a suspicion: the accuser and the accused are none of them.</summary>
    public int ConfirmationsMax => Math.Max(0, Math.Min(IndirectProbes, Members.Count - 2));

    /// <summary>The shortest and the longest time from suspicion to death.</summary>
    /// <param name="rttBound">What an answer of the suspect hardly ever exceeds.</param>
    /// <param name="health">Local health of the node that suspects, from 0, well.</param>
    public (Duration Min, Duration Max) Suspicion(Duration rttBound, int health)
    {
        // As 1, and as log10(n) in groups of more than ten: news take that much longer to get round.
        var spread = Math.Max(
            1000, NaturalLog.Thousandths(Members.Count) * 1000 / NaturalLog.Thousandths(10));
        var min = (ProbePeriod + rttBound) * SuspicionMultiplier * (health + 1) * spread / 1000;
        return (min, min * SuspicionMaxFactor);
    }
}
