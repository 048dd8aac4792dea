using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Durability;

/// <summary>Reads a chain of segments frame by frame and tells a torn tail from damage.</summary>
/// <remarks>A batch is written only once the one before is durable. Hence at most the last frame can be torn
/// by a crash; an unreadable frame that is followed by a valid one was once complete and is
/// damaged.</remarks>
public sealed class WalScan
{
    private readonly WalIdentity _identity;
    private readonly long _snapshotLsn;
    private readonly List<WalRecord> _records = [];
    private long _sequence;
    private long _nextLsn;
    private uint _previousCrc;
    private End _end;

    private WalScan(WalIdentity identity, long snapshotLsn, WalSegment first)
    {
        _identity = identity;
        _snapshotLsn = snapshotLsn;
        _sequence = first.FirstSequence;
        _nextLsn = first.FirstLsn;
        _previousCrc = first.PreviousCrc;
    }

    /// <summary>Where the readable frames of a segment end, and what lies there.</summary>
    private readonly record struct End(string File, long Offset, bool IsTorn, string What);

    /// <summary>Reads <paramref name="chain"/>, segments in order without gaps, and keeps the records after
    /// the snapshot.</summary>
    public static WalScanResult Read(
        WalIdentity identity, long snapshotLsn, IReadOnlyList<(WalSegment Segment, DiskFile File)> chain)
    {
        Invariant.Holds(chain.Count > 0);
        var scan = new WalScan(identity, snapshotLsn, chain[0].Segment);
        for (var i = 0; i < chain.Count; i++)
        {
            var (segment, file) = chain[i];
            if (i > 0 && scan.RefuseLink(segment) is { } broken) return scan.Stop(broken);
            if (scan.ReadSegment(segment, file) is { } fault) return scan.Stop(fault);
        }

        return scan.Finish();
    }

    internal static WalFault UnreadableVersion(string file, long offset, ushort version) => new(
        WalVerdict.WrongVersion,
        $"{file} at offset {offset} has format version {version}; "
        + $"this build reads version {WalFrame.Version}");

    private WalScanResult Finish()
    {
        if (_nextLsn <= _snapshotLsn)
        {
            return Stop(new WalFault(
                WalVerdict.Corrupt,
                $"record {_nextLsn} is missing at {_end.File} offset {_end.Offset}: the log ends before the "
                + $"snapshot at LSN {_snapshotLsn}, which was taken after it"));
        }

        if (!_end.IsTorn) return new WalScanResult(WalVerdict.Clean, null, null, _records);
        var cut = $"{_end.What}; nothing valid follows: the batch was never acknowledged and is cut off";
        return new WalScanResult(WalVerdict.TornTail, null, cut, _records);
    }

    private WalScanResult Stop(WalFault fault) => new(fault.Verdict, fault, null, _records);

    /// <summary>The next segment says what the one before must have ended with.</summary>
    private WalFault? RefuseLink(WalSegment next)
    {
        var follows = next.FirstSequence == _sequence && next.FirstLsn == _nextLsn
            && next.PreviousCrc == _previousCrc;
        if (follows) return null;
        return new WalFault(
            WalVerdict.Corrupt,
            $"{DamagedFrame(_end.File, _end.Offset)}: {next.FileName} continues at "
            + $"frame {next.FirstSequence}, record {next.FirstLsn}");
    }

    private WalFault? ReadSegment(WalSegment segment, DiskFile file)
    {
        var offset = (long)WalSegment.HeaderBytes;
        var bytes = file.Bytes.Span;
        while (offset + WalFrame.HeaderBytes <= bytes.Length)
        {
            var rest = bytes[(int)offset..];
            if (!WalFrame.TryReadHeader(rest, out var frame, out var crc, out var version))
            {
                if (version != WalFrame.Version) return UnreadableVersion(file.Name, offset, version);
                return StopAt(segment, file, offset, "no valid frame header is");
            }

            if (IsStale(frame, segment, offset)) return StopAt(segment, file, offset, "a stale frame is");
            if (RefusePlace(frame, segment, file.Name, offset) is { } misplaced) return misplaced;
            if (frame.PaddedBytes > rest.Length)
            {
                return new WalFault(
                    WalVerdict.Corrupt, $"{DamagedFrame(file.Name, offset)}: it is longer than its file");
            }

            if (Crc32C.Of(rest[WalFrame.HeaderBytes..(int)frame.PaddedBytes]) != frame.BodyCrc)
                return StopAt(segment, file, offset, "a frame with a wrong body checksum is");
            if (!TakeRecords(frame, file.Bytes[(int)offset..]))
            {
                return new WalFault(
                    WalVerdict.Corrupt,
                    $"{DamagedFrame(file.Name, offset)}: its checksum holds, its records are not readable");
            }

            _previousCrc = crc;
            _sequence++;
            offset += frame.PaddedBytes;
        }

        _end = new End(file.Name, offset, IsTorn: false, "");
        return null;
    }

    private bool TakeRecords(WalFrame frame, ReadOnlyMemory<byte> bytes)
    {
        var records = new List<WalRecord>(Math.Min(frame.Count, 65_536));
        if (!frame.TryReadRecords(bytes[WalFrame.HeaderBytes..], records)) return false;
        foreach (var record in records)
            if (_nextLsn++ > _snapshotLsn) _records.Add(record);
        return true;
    }

    /// <summary>The readable part of a segment ends here: nothing of this segment may follow.</summary>
    private WalFault? StopAt(WalSegment segment, DiskFile file, long offset, string what)
    {
        var bytes = file.Bytes.Span;
        for (var at = offset + WalFrame.BlockBytes; at < bytes.Length; at += WalFrame.BlockBytes)
        {
            if (!WalFrame.TryReadHeader(bytes[(int)at..], out var later, out _, out _)) continue;
            if (!IsOf(later, segment) || later.Offset != at) continue;
            return new WalFault(
                WalVerdict.Corrupt,
                $"{DamagedFrame(file.Name, offset)}: {what} there, yet frame {later.Sequence} "
                + $"(record {later.FirstLsn}) follows at offset {at}");
        }

        var stale = WalFrame.TryReadHeader(bytes[(int)offset..], out var found, out _, out _)
            && !IsOf(found, segment);
        var torn = !stale && bytes[(int)offset..].ContainsAnyExcept((byte)0);
        _end = new End(file.Name, offset, torn, $"{file.Name} at offset {offset}: {what} there");
        return null;
    }

    private string DamagedFrame(string file, long offset) =>
        $"frame {_sequence}, which starts with record {_nextLsn}, is damaged or missing in {file} "
        + $"at offset {offset}";

    private bool IsOf(WalFrame frame, WalSegment segment) =>
        frame.ClusterHash == _identity.ClusterHash && frame.NodeHash == _identity.NodeHash
        && frame.Boot == segment.Boot && frame.Segment == segment.Id;

    /// <summary>Whether the frame is what this place held before its blocks became this segment's.</summary>
    private bool IsStale(WalFrame frame, WalSegment segment, long offset) =>
        frame.ClusterHash == _identity.ClusterHash && frame.NodeHash == _identity.NodeHash
        && frame.Offset == offset
        && (frame.Boot != segment.Boot || frame.Segment < segment.Id);

    private WalFault? RefusePlace(WalFrame frame, WalSegment segment, string file, long offset)
    {
        if (frame.ClusterHash != _identity.ClusterHash)
        {
            return new WalFault(
                WalVerdict.ForeignCluster,
                $"{file} at offset {offset} holds a frame of another cluster than '{_identity.ClusterId}'");
        }

        if (frame.NodeHash != _identity.NodeHash)
        {
            return new WalFault(
                WalVerdict.ForeignNode,
                $"{file} at offset {offset} holds a frame of another node than '{_identity.Node}'");
        }

        if (frame.Segment != segment.Id || frame.Boot != segment.Boot || frame.Offset != offset)
        {
            return new WalFault(
                WalVerdict.Corrupt,
                $"{DamagedFrame(file, offset)}: a frame of {WalFiles.Segment(frame.Segment)} offset "
                + $"{frame.Offset} lies there, written to the wrong place");
        }

        var follows = frame.Sequence == _sequence && frame.FirstLsn == _nextLsn
            && frame.PreviousCrc == _previousCrc;
        if (follows) return null;
        return new WalFault(
            WalVerdict.Corrupt,
            $"{DamagedFrame(file, offset)}: frame {frame.Sequence} (record {frame.FirstLsn}) lies there");
    }
}

/// <summary>What a scan found: the records, how the log ends, and what is wrong with it.</summary>
/// <param name="Cut">Where and why the tail is cut; null unless it is torn.</param>
/// <param name="Records">With a fault, those before it.</param>
public sealed record WalScanResult(
    WalVerdict Verdict, WalFault? Fault, string? Cut, IReadOnlyList<WalRecord> Records);
