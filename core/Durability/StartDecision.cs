using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>Who starts on a disk, and what it may do there.</summary>
/// <param name="Nonce">Random; makes the boots of a new directory unlike those of any other.</param>
/// <param name="Wall">The wall clock at the start.</param>
/// <param name="Replicas">How many nodes, this one included, keep each ledger of this node; of those that
/// fewest keep.</param>
/// <param name="Empty">What an empty directory means.</param>
public sealed record DiskStart(
    WalIdentity Identity, ulong Nonce, WallTime Wall, int Replicas, EmptyDisk Empty)
{
    /// <summary>Whether the others are enough to learn from what this node lost: a quorum of all is needed,
    /// and this node no longer counts.</summary>
    public bool CanLearn => Replicas - 1 >= (Replicas / 2) + 1;

    /// <summary>Why what was lost cannot be made good, and what can be done.</summary>
    internal string WhyLost => (Replicas == 1
            ? $"{Identity.Node} alone keeps its ledger, so there is nobody to learn it from"
            : $"only {Replicas} nodes keep the ledger of {Identity.Node}, and it takes 2 others to learn it")
        + ": put back an intact copy of the directory, or move the directory away and begin a new cluster "
        + "with 'hyperscale init', which forgets all that was accepted";
}

/// <summary>What a directory without any file of ours means to a start.</summary>
public enum EmptyDisk : byte
{
    /// <summary>Nobody can tell: a new node, or one whose disk is lost. The start is refused.</summary>
    Unknown,

    /// <summary>A new node of a new cluster, which has promised nothing.</summary>
    NewNode,

    /// <summary>A node that was here before: whatever it had promised is lost.</summary>
    LostDisk,
}

/// <summary>What a data directory shows before anything in it is changed.</summary>
/// <param name="IsEmpty">There is no file of ours.</param>
/// <param name="Life">What the identity file says; null where it says nothing.</param>
/// <param name="NewestLife">The highest incarnation that any file names; 0 where none does.</param>
/// <param name="Damage">What was once durable and is missing or changed, or why the directory is not to be
/// touched; null when all is there.</param>
public sealed record DiskFindings(bool IsEmpty, DiskLife? Life, long NewestLife, WalFault? Damage);

/// <summary>Whether a node may start on the disk it finds, and as what. The shell and the simulator decide by
/// this alone.</summary>
/// <remarks>A node that lost records never takes part with a shorter log: it begins a new life, in which its
/// replicas take part in nothing until they have learnt from a quorum of others. Where there are no others,
/// what was lost cannot be made good, and only its operator may give it up.</remarks>
public abstract record StartDecision
{
    /// <summary>Highest number that a life may be given.</summary>
    public const long LifeMax = 1L << 60;

    private const int RandomBits = 20;
    private const long SecondsMax = (LifeMax >> RandomBits) - 1;

    private StartDecision() { }

    /// <summary>Everything that was promised is there.</summary>
    public sealed record Resume(long Incarnation) : StartDecision;

    /// <summary>Promises are lost: begin a life above every earlier one.</summary>
    public sealed record BeginLife(long Incarnation) : StartDecision;

    public sealed record Refuse(WalFault Fault) : StartDecision;

    public static StartDecision Of(DiskFindings found, DiskStart start)
    {
        if (found.IsEmpty) return OfEmpty(start);
        if (found.Damage is not { } damage) return new Resume(found.Life!.Incarnation);
        if (damage.Verdict != WalVerdict.Corrupt) return new Refuse(damage);
        if (start.CanLearn) return new BeginLife(NextLife(found.NewestLife, start));
        return new Refuse(damage with { Message = $"{damage.Message}. {start.WhyLost}" });
    }

    /// <summary>An incarnation above <paramref name="newest"/>; where none can be read, one that no earlier
    /// life had: the wall clock's seconds, and behind them random bits.</summary>
    /// <remarks>Where the clock went back it may be lower than an earlier one: peers that know better say so,
    /// and each replica begins a life above it. Nothing here may be equal, for which there are the
    /// bits.</remarks>
    public static long NextLife(long newest, DiskStart start)
    {
        if (newest > 0) return newest + 1;
        var seconds = Math.Clamp(start.Wall.UnixMilliseconds / 1000, 1, SecondsMax);
        return (seconds << RandomBits) | (long)(start.Nonce >> (64 - RandomBits));
    }

    private static StartDecision OfEmpty(DiskStart start) => start.Empty switch
    {
        EmptyDisk.NewNode => new Resume(1),
        EmptyDisk.LostDisk when start.CanLearn => new BeginLife(NextLife(0, start)),
        EmptyDisk.LostDisk => new Refuse(new WalFault(
            WalVerdict.NoReplica, $"it is empty, and held a ledger. {start.WhyLost}")),
        _ => new Refuse(new WalFault(
            WalVerdict.NoIdentity,
            $"it is empty, and only you know why. If {start.Identity.Node} is a new node of a new cluster: "
            + "'hyperscale init --config FILE'. If its disk was lost or replaced: 'hyperscale recover "
            + "--config FILE', and it learns everything from the other nodes. Giving a lost disk for a new "
            + "node would forget what was promised")),
    };
}
