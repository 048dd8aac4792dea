using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Disk;

namespace Hyperscale.Det.Tests.Shell.Disk;

public sealed class WalStoreTests : IDisposable
{
    private const int NoSpace = 28;
    private const int InvalidArgument = 22;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly DiskOwner Owner = new("test", NodeId.Of("gate-1"), 1, EmptyDisk.NewNode);

    private static readonly WalOptions Small =
        WalOptions.Default with { SegmentBytes = 64 * 1024, BatchBytesMax = 16 * 1024 };


    private readonly string _path = Directory.CreateTempSubdirectory("hyperscale-wal-").FullName;
    private readonly List<Exception> _failures = [];
    private long _durable;
    private long _snapshot;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public void What_was_durable_is_there_after_a_restart_and_the_boot_is_a_new_one()
    {
        BootId first;
        using (var store = Open())
        {
            first = store.Boot;
            Assert.Equal(0, store.Recovered.LastLsn);
            for (var i = 1; i <= 500; i++) store.Append(Record(i));
            store.Flush();
            WaitFor(() => Volatile.Read(ref _durable) == 500);
            store.Snapshot(400, new byte[] { 4, 0, 0 });
            store.Append(Record(501));
            store.Flush();
            WaitFor(() => Volatile.Read(ref _snapshot) == 400);
        }

        using var again = Open();
        Assert.Equal(first.Value + 1, again.Boot.Value);
        Assert.Equal(400, again.Recovered.SnapshotLsn);
        Assert.Equal([4, 0, 0], again.Recovered.Snapshot.ToArray());
        Assert.Equal(
            Enumerable.Range(401, 101),
            again.Recovered.Records.Select(record => BitConverter.ToInt32(record.Payload.Span)));
        Assert.Empty(again.Notes);
        Assert.Empty(_failures);
    }

    [Fact]
    public void Stopping_makes_everything_appended_durable()
    {
        using (var store = Open())
            for (var i = 1; i <= 10_000; i++) store.Append(Record(i));

        Assert.Equal(10_000, _durable);
        using var again = Open();
        Assert.Equal(10_000, again.Recovered.LastLsn);
    }

    [Fact]
    public void Segments_roll_and_are_reused_on_a_real_disk()
    {
        using (var store = Open())
        {
            for (var i = 1; i <= 300; i++)
            {
                store.Append(new WalRecord(WalRecordKind.LogEntry, new byte[3000]));
                store.Flush();
                if (i % 50 != 0) continue;
                WaitFor(() => Volatile.Read(ref _durable) == i);
                store.Snapshot(i, new byte[10]);
                store.Flush();
            }
        }

        using var again = Open();
        Assert.Empty(_failures);
        Assert.Equal(300, again.Recovered.SnapshotLsn);
        Assert.Empty(again.Recovered.Records);
        Assert.True(Directory.GetFiles(_path, "*.seg").Length == 1);
        Assert.True(File.Exists(Path.Combine(_path, WalFiles.Spare)));
    }

    [Fact]
    public void Two_stores_cannot_share_a_directory()
    {
        using (Open())
        {
            var refused = Assert.Throws<DataDirectoryException>(() => Open());
            Assert.Contains(_path, refused.Message, StringComparison.Ordinal);
            Assert.Contains("in use by another process", refused.Message, StringComparison.Ordinal);
        }

        Open().Dispose();
    }

    [Theory]
    [InlineData("other", "gate-1", "'other'", "'test'")]
    [InlineData("test", "gate-2", "'gate-2'", "'gate-1'")]
    public void Another_cluster_or_node_is_refused_and_both_are_named(
        string cluster, string node, string asker, string owner)
    {
        Open().Dispose();

        var refused = Assert.Throws<DataDirectoryException>(() => Open(cluster, node));

        Assert.Contains(asker, refused.Message, StringComparison.Ordinal);
        Assert.Contains(owner, refused.Message, StringComparison.Ordinal);
        Open().Dispose();
    }

    [Theory]
    [InlineData("/proc/hyperscale")]
    [InlineData("/dev/null/data")]
    public void A_directory_that_cannot_be_written_is_refused(string path)
    {
        var refused = Assert.Throws<DataDirectoryException>(() => WalStore.Open(
            path, Owner, Small, _ => { }, _ => { }, _ => { }));

        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        Assert.Contains("a directory that this user may write", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_refuses_the_start_and_leaves_the_directory_as_it_was()
    {
        DamageFirstOfTwoRecords();
        var before = Directory.GetFiles(_path).Order().ToArray();

        var refused = Assert.Throws<DataDirectoryException>(() => Open());

        Assert.Contains(WalFiles.Segment(1), refused.Message, StringComparison.Ordinal);
        Assert.Contains("record 1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("offset 4096", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(_path).Order());
    }

    [Fact]
    public void Damage_of_a_replicated_log_begins_a_life_and_sets_the_log_aside()
    {
        var damaged = DamageFirstOfTwoRecords();
        var owner = Owner with { Replicas = 3, Empty = EmptyDisk.Unknown };

        foreach (var start in new[] { 1, 2 })
        {
            using var store = WalStore.Open(_path, owner, Small, _ => { }, _ => { }, _failures.Add);
            Assert.Equal((0, 2L), (store.Recovered.LastLsn, store.Recovered.NewLife));
            Assert.Equal(start == 1 ? 2 : 0, store.Notes.Count);
        }

        var aside = Path.Combine(_path, "damaged-1", WalFiles.Segment(1));
        Assert.Equal(damaged, File.ReadAllBytes(aside));
        Assert.Empty(_failures);
    }

    [Fact]
    public void An_empty_directory_is_refused_with_the_two_commands()
    {
        var owner = Owner with { Empty = EmptyDisk.Unknown };

        var refused = Assert.Throws<DataDirectoryException>(
            () => WalStore.Open(_path, owner, Small, _ => { }, _ => { }, _ => { }));

        Assert.Contains(_path, refused.Message, StringComparison.Ordinal);
        Assert.Contains("hyperscale init", refused.Message, StringComparison.Ordinal);
        Assert.Contains("hyperscale recover", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["lock"], Directory.GetFiles(_path).Select(Path.GetFileName));
    }

    [Fact]
    public void A_full_disk_while_opening_is_told_with_file_and_operation()
    {
        File.CreateSymbolicLink(Path.Combine(_path, "wal.tmp"), "/dev/full");

        var failure = Assert.Throws<DiskFailureException>(() => Open());

        Assert.Equal(NoSpace, failure.ErrorNumber);
        Assert.Equal("write", failure.Operation);
        Assert.EndsWith("wal.tmp", failure.File, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_that_fills_up_stops_the_store_and_loses_nothing_that_was_durable()
    {
        using (var store = Open())
        {
            var full = Path.Combine(_path, "wal.tmp");
            File.CreateSymbolicLink(full, "/dev/full");
            for (var i = 1; i <= 100; i++)
            {
                store.Append(new WalRecord(WalRecordKind.LogEntry, new byte[3000]));
                store.Flush();
            }

            WaitFor(() => _failures.Count > 0);
            store.Append(Record(1));
            store.Flush();
            File.Delete(full);
        }

        var failure = Assert.IsType<DiskFailureException>(Assert.Single(_failures));
        Assert.Equal(NoSpace, failure.ErrorNumber);
        var durable = _durable;
        Assert.InRange(durable, 0, 99);
        using var again = Open();
        Assert.Equal(durable, again.Recovered.LastLsn);
    }

    [Fact]
    public void A_sync_that_the_system_refuses_is_an_error()
    {
        // A device cannot be synced: EINVAL, which the runtime's own flush ignores.
        File.CreateSymbolicLink(Path.Combine(_path, "device"), "/dev/null");
        using var directory = DataDirectory.Open(_path);

        var failure = Assert.Throws<DiskFailureException>(
            () => directory.Execute(new DiskCommand.SyncFile("device")));

        Assert.Equal(InvalidArgument, failure.ErrorNumber);
        Assert.Contains("fdatasync of", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stopping_from_a_callback_does_not_wait_for_itself()
    {
        using var stopped = new ManualResetEventSlim();
        WalStore? store = null;
        store = WalStore.Open(
            _path, Owner, Small,
            _ =>
            {
                store!.Stop();
                stopped.Set();
            },
            _ => { },
            _failures.Add);
        store.Append(Record(1));
        store.Flush();

        Assert.True(stopped.Wait(Patience));
        store.Stop();
        Assert.Empty(_failures);
        Open().Dispose();
    }

    private byte[] DamageFirstOfTwoRecords()
    {
        using (var store = Open())
        {
            foreach (var number in new[] { 1, 2 })
            {
                store.Append(Record(number));
                store.Flush();
                WaitFor(() => Volatile.Read(ref _durable) == number);
            }
        }

        var segment = Path.Combine(_path, WalFiles.Segment(1));
        var bytes = File.ReadAllBytes(segment);
        bytes[WalSegment.HeaderBytes + WalFrame.HeaderBytes] ^= 1;
        File.WriteAllBytes(segment, bytes);
        return bytes;
    }

    private static WalRecord Record(int number) =>
        new(WalRecordKind.LogEntry, BitConverter.GetBytes(number));

    private static void WaitFor(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, Patience), "in time");

    private WalStore Open(string cluster = "test", string node = "gate-1") => WalStore.Open(
        _path, new DiskOwner(cluster, NodeId.Of(node), 1, EmptyDisk.NewNode), Small,
        lsn => Volatile.Write(ref _durable, lsn),
        lsn => Volatile.Write(ref _snapshot, lsn),
        _failures.Add);
}
