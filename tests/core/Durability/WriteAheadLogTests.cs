using CsCheck;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Durability;

public sealed class WriteAheadLogTests
{
    private readonly LogHistory _history = new();

    [Fact]
    public void An_append_is_one_write_and_one_sync_before_it_is_announced()
    {
        _history.Do(_history.PlanOpen());

        var plan = _history.PlanAppend(Record(10), Record(20));

        Assert.Collection(
            plan,
            command => Assert.Equal(WalSegment.HeaderBytes, Assert.IsType<DiskCommand.Write>(command).Offset),
            command => Assert.IsType<DiskCommand.SyncFile>(command),
            command => Assert.Equal(new DiskCommand.AnnounceDurable(2), command));
    }

    [Fact]
    public void A_batch_beyond_the_bounds_becomes_several_frames_each_durable_before_the_next()
    {
        _history.Do(_history.PlanOpen());

        var plan = _history.PlanAppend([.. Enumerable.Range(0, 20).Select(_ => Record(10))]);

        Assert.Equal([8, 16, 20], plan.OfType<DiskCommand.AnnounceDurable>().Select(durable => durable.Lsn));
        Assert.Equal(3, plan.OfType<DiskCommand.Write>().Count());
        Assert.Equal(3, plan.OfType<DiskCommand.SyncFile>().Count());
    }

    [Fact]
    public void A_record_larger_than_a_segment_gets_a_segment_of_its_size()
    {
        _history.Do(_history.PlanOpen());
        _history.Do(_history.PlanAppend(Record(100)));
        _history.Do(_history.PlanAppend(Record(200_000)));
        _history.Do(_history.PlanAppend(Record(300)));

        _history.Do(_history.PlanOpen());

        Assert.Equal(3, _history.Log.LastLsn);
        Assert.Equal(WalVerdict.Clean, _history.Verdict);
    }

    [Fact]
    public void A_seal_is_written_once_and_only_behind_a_batch()
    {
        _history.Do(_history.PlanOpen());
        Assert.Empty(_history.PlanSeal());

        _history.Do(_history.PlanAppend(Record(1)));
        Assert.True(_history.Log.NeedsSeal);
        var seal = _history.PlanSeal();
        _history.Do(seal);

        Assert.Equal(2, seal.Count);
        Assert.Empty(_history.PlanSeal());
        Assert.Equal(WalVerdict.Clean, LogHistory.Opening(_history.Disk.Read()).Verdict);
    }

    [Fact]
    public void Two_snapshots_are_kept_and_the_log_reaches_back_to_the_older()
    {
        Fill(batches: 10);
        foreach (var lsn in new long[] { 10, 20, 30 }) _history.Do(_history.PlanSnapshot(lsn));

        Assert.Equal(
            [WalFiles.Snapshot(20), WalFiles.Snapshot(30)],
            _history.Disk.Names.Where(name => name.EndsWith(".snp", StringComparison.Ordinal)));

        _history.Disk.Flip(WalFiles.Snapshot(30), WalSegment.HeaderBytes + 3, 1);
        var opening = LogHistory.Opening(_history.Disk.Read());
        Assert.Null(opening.Fault);
        Assert.Equal(20, opening.Recovered.SnapshotLsn);
        Assert.Equal(_history.Log.LastLsn, opening.Recovered.LastLsn);
        Assert.Contains(WalFiles.Snapshot(30), opening.Notes[0], StringComparison.Ordinal);
        Assert.Contains(new DiskCommand.SetAside(WalFiles.Snapshot(30), "damaged-1"), opening.Plan);
    }

    [Fact]
    public void Without_any_intact_snapshot_the_missing_records_are_named()
    {
        Fill(batches: 10);
        _history.Do(_history.PlanSnapshot(20));
        _history.Do(_history.PlanSnapshot(30));
        _history.Disk.Flip(WalFiles.Snapshot(20), 9, 1);
        _history.Disk.Flip(WalFiles.Snapshot(30), 9, 1);

        var fault = LogHistory.Opening(_history.Disk.Read()).Fault;

        Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
        Assert.Contains("record 1 is missing", fault!.Message, StringComparison.Ordinal);
        Assert.Contains(WalFiles.Snapshot(20), fault.Message, StringComparison.Ordinal);
        Assert.Contains(WalFiles.Snapshot(30), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_ends_before_its_snapshot_is_damaged()
    {
        _history.Do(_history.PlanOpen());
        _history.Do(_history.PlanAppend(Record(10)));
        _history.Do(_history.PlanAppend(Record(10)));
        _history.Do(_history.PlanSnapshot(2));
        _history.Disk.Flip(WalFiles.Segment(1), WalSegment.HeaderBytes + WalFrame.BlockBytes, 1);

        var fault = LogHistory.Opening(_history.Disk.Read()).Fault;

        Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
        Assert.Contains("record 2 is missing", fault!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_never_exceeds_what_was_appended_since_the_older_snapshot_and_two_segments() =>
        Gen.Select(Gen.Int[1, 40], Gen.ULong).Sample((every, seed) =>
        {
            var history = new LogHistory();
            var rng = new Rng(seed);
            var written = new List<long> { 0 };
            history.Do(history.PlanOpen());
            var snapshots = new List<long> { 0, 0 };
            for (var batch = 1; batch <= 120; batch++)
            {
                var plan = history.PlanAppend(LogHistory.Record(rng, 3000));
                history.Do(plan);
                written.Add(written[^1] + plan.OfType<DiskCommand.Write>().Sum(write => write.Bytes.Length));
                if (batch % every != 0) continue;
                history.Do(history.PlanSnapshot(batch));
                snapshots.Add(batch);
                var live = written[batch] - written[(int)snapshots[^2]];
                Assert.InRange(history.Log.SegmentBytes, 0, live + (2 * LogHistory.Options.SegmentBytes));
            }
        }, iter: 20);

    [Fact]
    public void A_covered_segment_is_reused_instead_of_written_anew()
    {
        Fill(batches: 20);
        _history.Do(_history.PlanSnapshot(40));
        _history.Do(_history.PlanSnapshot(50));
        Assert.Contains(WalFiles.Spare, _history.Disk.Names);

        var created = 0;
        while (_history.Disk.Names.Contains(WalFiles.Spare))
        {
            var plan = _history.PlanAppend(Record(4000));
            created += plan.OfType<DiskCommand.CreateFile>().Count();
            _history.Do(plan);
        }

        Assert.Equal(0, created);
        _history.Do(_history.PlanOpen());
        Assert.Equal(_history.Records.Count, _history.Log.LastLsn);
    }

    [Fact]
    public void Equal_histories_have_equal_fingerprints()
    {
        var other = new LogHistory();
        foreach (var history in new[] { _history, other })
        {
            history.Do(history.PlanOpen());
            history.Do(history.PlanAppend(Record(5)));
            history.Do(history.PlanSnapshot(1));
        }

        Assert.Equal(Digest(_history), Digest(other));
        other.Do(other.PlanAppend(Record(5)));
        Assert.NotEqual(Digest(_history), Digest(other));
    }

    private static ulong Digest(LogHistory history)
    {
        var digest = default(Fingerprint);
        history.Log.AddTo(ref digest);
        return digest.Value;
    }

    private static WalRecord Record(int bytes) => new(WalRecordKind.LogEntry, new byte[bytes]);

    /// <summary>Appends three records a batch, one frame of two blocks each.</summary>
    private void Fill(int batches)
    {
        _history.Do(_history.PlanOpen());
        for (var i = 0; i < batches; i++)
            _history.Do(_history.PlanAppend(Record(2000), Record(2000), Record(i)));
    }
}
