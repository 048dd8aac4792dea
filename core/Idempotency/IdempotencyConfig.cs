using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Idempotency;

/// <summary>Settings of idempotency (AD-40), each with its environment variable.</summary>
/// <param name="PendingTtl">How long a submission may wait for its first datacenter before it is
/// withdrawn.</param>
/// <param name="CommittedTtl">How long an answer is kept after its job has ended.</param>
/// <param name="RejectedTtl">How long a final refusal is kept.</param>
/// <param name="MaxEntries">Answers kept of ended jobs, and expired keys remembered, by one node; evenly
/// shared among its ledger groups.</param>
/// <param name="CleanupInterval">Between two looks for what has expired.</param>
/// <param name="WaitForPending">Whether a repeat waits for the answer of the first; else it is told at once
/// that there is none.</param>
/// <param name="PendingWaitTimeout">How long a submission waits for its answer.</param>
public sealed record IdempotencyConfig(
    Duration PendingTtl,
    Duration CommittedTtl,
    Duration RejectedTtl,
    int MaxEntries,
    Duration CleanupInterval,
    bool WaitForPending,
    Duration PendingWaitTimeout)
{
    /// <summary>What the names of all settings begin with.</summary>
    public const string Prefix = "IDEMPOTENCY_";

    public const int MaxEntriesMax = 10_000_000;

    public static readonly IdempotencyConfig Default = new(
        PendingTtl: Duration.FromSeconds(60),
        CommittedTtl: Duration.FromSeconds(300),
        RejectedTtl: Duration.FromSeconds(60),
        MaxEntries: 100_000,
        CleanupInterval: Duration.FromSeconds(10),
        WaitForPending: true,
        PendingWaitTimeout: Duration.FromSeconds(30));

    private static readonly Duration Second = Duration.FromSeconds(1);
    private static readonly Duration Hour = Duration.FromMinutes(60);
    private static readonly Duration Month = Duration.FromMinutes(30 * 24 * 60);

    /// <summary>Reads the settings whose names begin with <see cref="Prefix"/>; what is not given keeps its
    /// default, and each fault is added to <paramref name="faults"/>.</summary>
    public static IdempotencyConfig Read(IEnumerable<GivenSetting> given, ICollection<string> faults)
    {
        var reader = new SettingsReader(Prefix, given, faults);
        var config = new IdempotencyConfig(
            reader.Time("IDEMPOTENCY_PENDING_TTL_SECONDS", Default.PendingTtl, Second, Hour),
            reader.Time("IDEMPOTENCY_COMMITTED_TTL_SECONDS", Default.CommittedTtl, Second, Month),
            reader.Time("IDEMPOTENCY_REJECTED_TTL_SECONDS", Default.RejectedTtl, Second, Month),
            reader.Whole("IDEMPOTENCY_MAX_ENTRIES", Default.MaxEntries, 1, MaxEntriesMax),
            reader.Time("IDEMPOTENCY_CLEANUP_INTERVAL_SECONDS", Default.CleanupInterval, Second, Hour),
            reader.Flag("IDEMPOTENCY_WAIT_FOR_PENDING", Default.WaitForPending),
            reader.Time(
                "IDEMPOTENCY_PENDING_WAIT_TIMEOUT", Default.PendingWaitTimeout, Second, Hour));
        reader.Done();
        return config;
    }

    /// <summary>What a node that takes part in so many ledger groups keeps in each.</summary>
    public KeyRetention RetentionOf(int groups) => new(
        CommittedTtl, RejectedTtl, Math.Max(1, MaxEntries / Math.Max(1, groups)));
}

/// <summary>How long and how much a ledger keeps of keys whose jobs have ended; entries carry it, so that
/// what a replay keeps depends on the log alone.</summary>
/// <param name="EntriesMax">Answers, expired keys and clients' highest expired sequences: of each so
/// many.</param>
public readonly record struct KeyRetention(Duration CommittedTtl, Duration RejectedTtl, int EntriesMax)
{
    /// <summary>Whether a time to live that counts from one stamp is over at another.</summary>
    internal static bool IsOver(Duration ttl, WallTime since, WallTime stamp) =>
        stamp.UnixMilliseconds - since.UnixMilliseconds >= ttl.Milliseconds;
}
