using CsCheck;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Durability;

/// <summary>What opening says about a log that was cut, damaged, mixed up or belongs to someone
/// else.</summary>
public sealed class WalDamageTests
{
    private static readonly Gen<(int Batches, int RecordsMax, ulong Seed)> Shapes =
        Gen.Select(Gen.Int[2, 6], Gen.Int[1, 8], Gen.ULong);

    [Fact]
    public void A_cut_anywhere_in_the_unsynced_tail_leaves_exactly_the_durable_records() =>
        Gen.Select(Shapes, Gen.Double[0, 1]).Sample((shape, where) =>
        {
            var history = Build(shape, out var frames);
            var torn = frames[^1];
            var cut = torn.Offset + (long)(where * (torn.Length - 1));
            var segment = history.Disk.BytesOf(torn.File);
            segment.AsSpan((int)cut, (int)(torn.Offset + torn.Length - cut)).Clear();

            var opening = LogHistory.Opening(history.Disk.Read());

            // A cut that took nothing but padding leaves the batch whole.
            var isWhole = opening.Recovered.LastLsn == history.Records.Count;
            Assert.Null(opening.Fault);
            Assert.True(isWhole || opening.Recovered.LastLsn == torn.FirstLsn - 1);
            var isClean = isWhole || cut == torn.Offset;
            Assert.Equal(isClean ? WalVerdict.Clean : WalVerdict.TornTail, opening.Verdict);
            Assert.Equal(opening.Verdict == WalVerdict.TornTail, opening.Notes.Count == 1);
            for (var i = 0; i < opening.Recovered.Records.Count; i++)
            {
                Assert.True(opening.Recovered.Records[i].Payload.Span.SequenceEqual(
                    history.Records[i].Payload.Span));
            }
        }, iter: 200);

    [Fact]
    public void A_flipped_bit_in_a_frame_that_others_follow_is_found_and_named() =>
        Gen.Select(Shapes, Gen.Double[0, 1], Gen.Int[0, 7]).Sample((shape, where, bit) =>
        {
            var history = Build(shape, out var frames);
            var damaged = frames[shape.Batches / 2 - 1];
            history.Disk.Flip(
                damaged.File, damaged.Offset + (long)(where * (damaged.Length - 1)), (byte)(1 << bit));

            var fault = LogHistory.Opening(history.Disk.Read()).Fault;

            Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
            Assert.Contains(damaged.File, fault!.Message, StringComparison.Ordinal);
            Assert.Contains($"record {damaged.FirstLsn}", fault.Message, StringComparison.Ordinal);
            Assert.Contains($"offset {damaged.Offset}", fault.Message, StringComparison.Ordinal);
        }, iter: 200);

    [Fact]
    public void A_flipped_bit_in_the_last_frame_is_a_torn_tail_until_the_frame_is_sealed() =>
        Gen.Select(Shapes, Gen.Double[0, 1]).Sample((shape, where) =>
        {
            var history = Build(shape, out var frames);
            var last = frames[^1];
            var at = last.Offset + (long)(where * (last.Length - 1));

            history.Disk.Flip(last.File, at, 16);
            Assert.Equal(WalVerdict.TornTail, LogHistory.Opening(history.Disk.Read()).Verdict);

            history.Disk.Flip(last.File, at, 16);
            var seal = history.PlanSeal();
            history.Do(seal);
            if (seal.Count == 0) return;
            Assert.Equal(WalVerdict.Clean, LogHistory.Opening(history.Disk.Read()).Verdict);
            history.Disk.Flip(last.File, at, 16);
            Assert.Equal(WalVerdict.Corrupt, LogHistory.Opening(history.Disk.Read()).Verdict);
        }, iter: 100);

    [Fact]
    public void A_flipped_bit_in_a_segment_header_is_damage() =>
        Gen.Select(Gen.Int[0, WalSegment.HeaderBytes - 1], Gen.Int[0, 7]).Sample((at, bit) =>
        {
            var history = Build((3, 2, 1), out var frames);
            history.Disk.Flip(frames[0].File, at, (byte)(1 << bit));

            var fault = LogHistory.Opening(history.Disk.Read()).Fault;

            Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
            Assert.Contains(frames[0].File, fault!.Message, StringComparison.Ordinal);
        }, iter: 100);

    [Fact]
    public void Damage_to_the_end_of_a_segment_shows_by_the_segment_after_it()
    {
        var history = Build((12, 8, 3), out var frames);
        var last = frames.Last(frame => frame.File == frames[0].File);
        Assert.NotEqual(frames[0].File, frames[^1].File);
        history.Disk.Flip(last.File, last.Offset + 20, 1);

        var fault = LogHistory.Opening(history.Disk.Read()).Fault;

        Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
        Assert.Contains($"record {last.FirstLsn}", fault!.Message, StringComparison.Ordinal);
        Assert.Contains(last.File, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_segment_is_named()
    {
        var history = Build((30, 8, 3), out var frames);
        var files = frames.Select(frame => frame.File).Distinct().ToArray();
        Assert.True(files.Length >= 3);
        history.Disk.Remove(files[1]);

        var fault = LogHistory.Opening(history.Disk.Read()).Fault;

        Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
        Assert.Contains($"{files[1]} is missing", fault!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_frame_written_to_the_wrong_place_is_refused()
    {
        var history = Build((3, 2, 1), out var frames);
        var segment = history.Disk.BytesOf(frames[0].File);
        var end = (int)(frames[^1].Offset + frames[^1].Length);
        segment.AsSpan((int)frames[1].Offset, (int)frames[1].Length).CopyTo(segment.AsSpan(end));

        var fault = LogHistory.Opening(history.Disk.Read()).Fault;

        Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
        Assert.Contains("written to the wrong place", fault!.Message, StringComparison.Ordinal);
        Assert.Contains($"offset {end}", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stale_frames_of_a_reused_segment_are_never_taken_for_records()
    {
        var history = new LogHistory();
        var rng = new Rng(5);
        history.Do(history.PlanOpen());
        for (var i = 0; i < 3; i++) history.Do(history.PlanAppend(LogHistory.Record(rng, 3000)));
        history.Do(history.PlanOpen());
        Assert.Contains(WalFiles.Spare, history.Disk.Names);
        history.Do(history.PlanSnapshot(3));
        history.Do(history.PlanOpen());

        // The segment in use now is the first one, with three stale frames behind an empty log.
        var stale = history.Disk.BytesOf(WalFiles.Segment(3)).AsSpan(WalSegment.HeaderBytes);
        Assert.True(WalFrame.TryReadHeader(stale, out var frame, out _, out _));
        Assert.Equal(1, frame.Segment);
        var opening = LogHistory.Opening(history.Disk.Read());
        Assert.Equal(WalVerdict.Clean, opening.Verdict);
        Assert.Empty(opening.Recovered.Records);
        Assert.Equal(3, opening.Recovered.SnapshotLsn);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Frames_of_another_boot_are_stale_even_in_a_segment_of_the_same_number(int blanked)
    {
        var history = Build((3, 2, 1), out var frames);
        var file = history.Disk.Read().Single(f => f.Name == frames[0].File);
        var segment = WalSegment.Decode(file, out _)!;
        var bytes = file.Bytes.ToArray();
        foreach (var frame in frames.Take(blanked)) bytes.AsSpan((int)frame.Offset, frame.Length).Clear();
        var reused = segment with { Boot = new BootId(segment.Boot.Value + 1) };

        var left = new DiskFile(file.Name, bytes.Length, bytes);
        var scan = WalScan.Read(LogHistory.Identity, 0, [(reused, left)]);

        Assert.Null(scan.Fault);
        Assert.Empty(scan.Records);
    }

    [Fact]
    public void Damage_to_the_last_frame_that_a_start_copied_is_no_torn_tail()
    {
        var history = Build((3, 2, 1), out var frames);
        history.Do(history.PlanOpen());
        history.Disk.Flip(WalFiles.Segment(2), WalSegment.HeaderBytes + 100, 1);

        var fault = LogHistory.Opening(history.Disk.Read()).Fault;

        Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
        Assert.Contains(WalFiles.Segment(2), fault!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_clusters_directory_is_refused_and_both_are_named() =>
        AssertRefuses(
            new WalIdentity("other", NodeId.Of("gate-1")), WalVerdict.ForeignCluster, "'test'", "'other'");

    [Fact]
    public void Another_nodes_directory_is_refused_and_both_are_named() =>
        AssertRefuses(
            new WalIdentity("test", NodeId.Of("gate-2")), WalVerdict.ForeignNode, "'gate-1'", "'gate-2'");

    [Theory]
    [InlineData("segment")]
    [InlineData("snapshot")]
    public void A_foreign_file_among_ours_is_refused(string kind)
    {
        var ours = Build((3, 2, 1), out var frames);
        ours.Do(ours.PlanSnapshot(1));
        var foreign = new Outbox<DiskCommand>();
        var identity = new WalIdentity("other", NodeId.Of("gate-1"));
        var theirs = LogHistory.Start() with { Identity = identity };
        var other = WriteAheadLog.Open(LogHistory.Options, theirs, []);
        other.Log!.Append([new WalRecord(WalRecordKind.LogEntry, default)], foreign);
        other.Log.Snapshot(1, default, foreign);
        var disk = new CrashableDisk();
        foreach (var command in other.Plan.Concat(foreign.Effects)) disk.Execute(command);
        var name = kind == "segment" ? frames[0].File : WalFiles.Snapshot(1);
        var files = ours.Disk.Read().Where(file => file.Name != name)
            .Append(new DiskFile(name, disk.LengthOf(name), disk.BytesOf(name)))
            .ToArray();

        var fault = LogHistory.Opening(files).Fault;

        Assert.Equal(WalVerdict.ForeignCluster, fault?.Verdict);
        Assert.Contains(name, fault!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("identity", 508)]
    [InlineData("segment", 4092)]
    [InlineData("snapshot", 4092)]
    [InlineData("frame", 84)]
    public void A_newer_format_is_refused_and_its_version_named(string kind, int crcAt)
    {
        var history = Build((3, 2, 1), out var frames);
        history.Do(history.PlanSnapshot(1));
        var name = kind switch
        {
            "identity" => WalFiles.Identity,
            "snapshot" => WalFiles.Snapshot(1),
            _ => frames[0].File,
        };
        var header = history.Disk.BytesOf(name).AsSpan(kind == "frame" ? (int)frames[0].Offset : 0);
        header[4] = 3;
        BitConverter.TryWriteBytes(header[crcAt..], Crc32C.Of(header[..crcAt]));

        var fault = LogHistory.Opening(history.Disk.Read()).Fault;

        Assert.Equal(WalVerdict.WrongVersion, fault?.Verdict);
        Assert.Contains(name, fault!.Message, StringComparison.Ordinal);
        Assert.Contains("version 3", fault.Message, StringComparison.Ordinal);
        Assert.Contains("version 2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_too_large_to_copy_is_refused_before_anything_is_changed()
    {
        var history = Build((30, 8, 3), out _);
        var options = LogHistory.Options with { CopyBytesMax = 16 * 1024 };

        var opening = WriteAheadLog.Open(options, LogHistory.Start(), history.Disk.Read());

        Assert.Equal(WalVerdict.TooLarge, opening.Fault?.Verdict);
        Assert.Contains("at most 16384", opening.Fault!.Message, StringComparison.Ordinal);
        Assert.Empty(opening.Plan);
    }

    [Fact]
    public void A_log_without_its_identity_file_is_refused()
    {
        var history = Build((3, 2, 1), out _);
        history.Disk.Remove(WalFiles.Identity);

        var fault = LogHistory.Opening(history.Disk.Read()).Fault;

        Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
        Assert.Contains("identity is missing", fault!.Message, StringComparison.Ordinal);
    }

    private static void AssertRefuses(WalIdentity identity, WalVerdict verdict, string owner, string asker)
    {
        var history = Build((3, 2, 1), out _);

        var opening = WriteAheadLog.Open(
            LogHistory.Options, LogHistory.Start() with { Identity = identity }, history.Disk.Read());

        Assert.Equal(verdict, opening.Fault?.Verdict);
        Assert.Contains(owner, opening.Fault!.Message, StringComparison.Ordinal);
        Assert.Contains(asker, opening.Fault.Message, StringComparison.Ordinal);
        Assert.Empty(opening.Plan);
        Assert.Null(opening.Log);
    }

    /// <summary>A log of some batches, each with one frame or more, and where its frames lie.</summary>
    private static LogHistory Build((int Batches, int RecordsMax, ulong Seed) shape, out List<Placed> frames)
    {
        var history = new LogHistory();
        var rng = new Rng(shape.Seed);
        frames = [];
        history.Do(history.PlanOpen());
        for (var i = 0; i < shape.Batches; i++)
        {
            var records = new WalRecord[rng.Between(1, shape.RecordsMax)];
            for (var j = 0; j < records.Length; j++) records[j] = LogHistory.Record(rng, 700);
            var plan = history.PlanAppend(records);
            history.Do(plan);
            foreach (var write in plan.OfType<DiskCommand.Write>().Where(write => write.Offset > 0))
            {
                Assert.True(WalFrame.TryReadHeader(write.Bytes.Span, out var frame, out _, out _));
                frames.Add(new Placed(
                    WalFiles.Segment(frame.Segment), frame.Offset, write.Bytes.Length, frame.FirstLsn));
            }
        }

        return history;
    }

    private readonly record struct Placed(string File, long Offset, int Length, long FirstLsn);
}
