namespace Hyperscale.Det.Durability;

/// <summary>What opening a data directory found.</summary>
public enum WalVerdict : byte
{
    /// <summary>The log ends where its last batch ends.</summary>
    Clean,

    /// <summary>Behind the last batch lies part of one that was never acknowledged; it is cut off.</summary>
    TornTail,

    /// <summary>Something that was once durable is damaged or missing; the node may not start from
    /// it.</summary>
    Corrupt,

    /// <summary>An empty directory, and nothing that says whether it always was.</summary>
    NoIdentity,

    /// <summary>The directory has an identity, or a newer one, already.</summary>
    HasIdentity,

    /// <summary>What was lost only this node had.</summary>
    NoReplica,

    /// <summary>The directory belongs to another cluster.</summary>
    ForeignCluster,

    /// <summary>The directory belongs to another node of the cluster.</summary>
    ForeignNode,

    /// <summary>Written in a format that this build does not read.</summary>
    WrongVersion,

    /// <summary>More was appended since the newest snapshot than a start can copy.</summary>
    TooLarge,
}

/// <summary>A verdict and one sentence that names what, where and what is allowed.</summary>
public sealed record WalFault(WalVerdict Verdict, string Message);
