using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Idempotency;

/// <summary>Where a key stands. A pending one becomes one of the others, which never change.</summary>
public enum IdempotencyStatus : byte
{
    /// <summary>Reserved; whether it becomes a job that runs is open.</summary>
    Pending,

    /// <summary>Its job was taken; the answer names it.</summary>
    Committed,

    /// <summary>Refused for good; the answer says why.</summary>
    Rejected,
}

/// <summary>What a ledger knows of a key.</summary>
/// <param name="Fingerprint">Of the submission that reserved it.</param>
/// <param name="Job">Null where it was rejected.</param>
/// <param name="Answer">Why it was rejected; empty otherwise.</param>
/// <param name="SourceGate">The gate that took the submission in.</param>
/// <param name="Created">Stamp of the entry that reserved it.</param>
/// <param name="Settled">Stamp of the entry that settled it; null while pending.</param>
/// <param name="Ended">Stamp of its job's end, or of its rejection: what its time to live counts
/// from.</param>
public sealed record IdempotencyEntry(
    IdempotencyKey Key,
    PayloadFingerprint Fingerprint,
    IdempotencyStatus Status,
    JobId? Job,
    string Answer,
    NodeId SourceGate,
    WallTime Created,
    WallTime? Settled,
    WallTime? Ended)
{
    internal void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Key.Hash);
        fingerprint.Add(Fingerprint.High);
        fingerprint.Add(Fingerprint.Low);
        fingerprint.Add((long)Status);
        fingerprint.Add(Job?.Op ?? -1);
        fingerprint.Add(Answer);
        fingerprint.Add(SourceGate);
        fingerprint.Add(Created.UnixMilliseconds);
        fingerprint.Add(Settled?.UnixMilliseconds ?? -1);
        fingerprint.Add(Ended?.UnixMilliseconds ?? -1);
    }
}

/// <summary>A key was taken for a submission; part of the entry that creates the job.</summary>
public sealed record IdempotencyReservedEvent(
    IdempotencyKey Key, PayloadFingerprint Fingerprint, NodeId SourceGate);

/// <summary>A key's job was taken: its first datacenter has reserved what it needs. It follows from the entry
/// that lets that datacenter start, without one of its own.</summary>
public sealed record IdempotencyCommittedEvent(IdempotencyKey Key, JobId Job);

/// <summary>What a ledger says of a key that somebody asks for.</summary>
public enum KeyStanding : byte
{
    /// <summary>Nothing is known of it: a submission may take it.</summary>
    Free,

    /// <summary>There is an entry of it.</summary>
    Held,

    /// <summary>There was an entry of it; never a second job.</summary>
    Expired,
}

/// <param name="Entry">Of a key that is held.</param>
/// <param name="Job">Of an expired key whose job is still remembered.</param>
public readonly record struct KeyFinding(KeyStanding Standing, IdempotencyEntry? Entry, JobId? Job);

/// <summary>What became of a submission that wants a key.</summary>
public enum KeyVerdict : byte
{
    Applied,

    /// <summary>The same submission has it.</summary>
    Duplicate,

    /// <summary>Another submission has it.</summary>
    Reused,

    /// <summary>It has expired.</summary>
    Expired,
}
