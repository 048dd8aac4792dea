using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>Sizes of a write-ahead log.</summary>
/// <param name="SegmentBytes">Length of a segment file; a multiple of 4096, from 16 KiB to 1 GiB. A batch
/// that does not fit gets a segment as long as it needs.</param>
/// <param name="BatchRecordsMax">Most records of one frame, 1 to 65536.</param>
/// <param name="BatchBytesMax">Most encoded record bytes of one frame, 4096 to 64 MiB; a single larger record
/// has a frame of its own.</param>
/// <param name="SealAfter">Idle time after which the last frame is sealed; zero seals at a stop only.</param>
public sealed record WalOptions(long SegmentBytes, int BatchRecordsMax, int BatchBytesMax, Duration SealAfter)
{
    /// <summary>Largest payload of one record: 16 MiB.</summary>
    public const int RecordBytesMax = 16 * 1024 * 1024;

    /// <summary>Largest snapshot: 1 GiB.</summary>
    public const int SnapshotBytesMax = 1024 * 1024 * 1024;

    public static readonly WalOptions Default = new(
        SegmentBytes: 64L * 1024 * 1024,
        BatchRecordsMax: 4096,
        BatchBytesMax: 1024 * 1024,
        SealAfter: Duration.FromMilliseconds(20));

    /// <summary>Most bytes that a start copies, at most 2,000,000,000: the copy is one file, read as a whole.
    /// </summary>
    public long CopyBytesMax { get; init; } = 2_000_000_000;

    public void CheckInvariants()
    {
        Invariant.Holds(CopyBytesMax is >= 16 * 1024 and <= 2_000_000_000);
        Invariant.Holds(SegmentBytes is >= 16 * 1024 and <= 1024 * 1024 * 1024);
        Invariant.Holds(SegmentBytes % WalFrame.BlockBytes == 0);
        Invariant.Holds(BatchRecordsMax is >= 1 and <= 65_536);
        Invariant.Holds(BatchBytesMax is >= 4096 and <= 64 * 1024 * 1024);
        Invariant.Holds(SealAfter >= Duration.Zero);
    }
}
