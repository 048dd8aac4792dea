using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Disk;

namespace Hyperscale.Det.Tests.Shell.Disk;

public sealed class WalWriterTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ScriptedDisk _disk = new();
    private readonly List<string> _reports = [];
    private readonly WriteAheadLog _log = WriteAheadLog.Open(
        WalOptions.Default with { SegmentBytes = 64 * 1024 },
        new DiskOwner("test", NodeId.Of("gate-1"), 1, EmptyDisk.NewNode).NewStart(), []).Log!;

    private Thread? _thread;

    public void Dispose()
    {
        _disk.Release();
        _thread?.Join(Patience);
        _disk.Dispose();
    }

    [Fact]
    public void What_is_appended_while_the_disk_is_busy_becomes_one_batch()
    {
        _disk.Hold();
        var writer = Start(Duration.Zero);
        writer.Append(Record(0));
        writer.Flush();
        _disk.WaitUntilHeld();
        for (var i = 1; i <= 100; i++)
        {
            writer.Append(Record(i));
            writer.Flush();
        }

        _disk.Release();
        Finish(writer);

        Assert.Equal(["durable 1", "durable 101"], _reports);
        Assert.Equal([1, 100, 0], Frames().Select(frame => frame.Count));
        Assert.Equal(3, _disk.Syncs);
    }

    [Fact]
    public void Nothing_is_written_before_the_end_of_the_hosts_batch()
    {
        var writer = Start(Duration.Zero);
        writer.Append(Record(0));
        writer.Append(Record(1));
        Assert.Equal(2, writer.Pending);
        Assert.Empty(_disk.Commands);

        writer.Flush();
        Finish(writer);

        Assert.Equal(["durable 2"], _reports);
    }

    [Fact]
    public void Stopping_writes_what_is_queued_in_order()
    {
        var writer = Start(Duration.Zero);
        for (var i = 0; i < 5; i++) writer.Append(Record(i));
        writer.Snapshot(5, new byte[] { 1 });
        for (var i = 0; i < 3; i++) writer.Append(Record(i));
        writer.Snapshot(7, new byte[] { 2 });

        Finish(writer);

        Assert.Equal(["durable 5", "snapshot 5", "durable 8", "snapshot 7"], _reports);
    }

    [Fact]
    public void The_last_batch_is_sealed_once_the_log_is_idle()
    {
        var writer = Start(Duration.FromMilliseconds(5));
        writer.Append(Record(0));
        writer.Flush();

        Assert.True(SpinWait.SpinUntil(() => _disk.Syncs == 2, Patience));
        Finish(writer);

        Assert.Equal([false, true], Frames().Select(frame => frame.IsSeal));
        Assert.Equal(["durable 1"], _reports);
    }

    [Fact]
    public void After_a_failed_sync_nothing_is_written_and_nothing_becomes_durable()
    {
        _disk.FailAtSync(2);
        var writer = Start(Duration.FromMilliseconds(1));
        foreach (var i in Enumerable.Range(0, 3))
        {
            writer.Append(Record(i));
            writer.Flush();
            SpinWait.SpinUntil(() => Reports().Length > i, TimeSpan.FromMilliseconds(200));
        }

        writer.Snapshot(1, new byte[10]);
        Assert.True(_thread!.Join(Patience), "the writer ends by itself");
        var commands = _disk.Commands.Count;
        writer.Append(Record(9));
        writer.Flush();
        writer.Stop();

        Assert.Equal("failed fdatasync of wal failed: Input/output error (errno 5)", Reports()[^1]);
        Assert.Equal("durable 1", Reports()[0]);
        Assert.Equal(2, Reports().Length);
        Assert.Equal(commands, _disk.Commands.Count);
        Assert.Equal(2, _disk.Syncs);
        Assert.Equal(0, writer.Pending);
    }

    [Fact]
    public void Records_of_many_threads_all_become_durable()
    {
        var writer = Start(Duration.Zero);
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 250; i++)
            {
                writer.Append(Record(i));
                writer.Flush();
            }
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();

        Finish(writer);

        Assert.Equal("durable 1000", _reports[^1]);
        var lsns = _reports.Select(report => int.Parse(report.Split(' ')[1], null)).ToArray();
        Assert.Equal(lsns.Order(), lsns);
    }

    private static WalRecord Record(int number) =>
        new(WalRecordKind.LogEntry, BitConverter.GetBytes(number));

    private WalWriter Start(Duration sealAfter)
    {
        var writer = new WalWriter(
            _log, _disk, sealAfter,
            lsn => Report($"durable {lsn}"),
            lsn => Report($"snapshot {lsn}"),
            e => Report($"failed {e.Message}"));
        _thread = new Thread(writer.Run) { IsBackground = true };
        _thread.Start();
        return writer;
    }

    private void Finish(WalWriter writer)
    {
        writer.Stop();
        Assert.True(_thread!.Join(Patience), "the writer stops");
    }

    private IEnumerable<WalFrame> Frames() => _disk.Commands.OfType<DiskCommand.Write>().Select(write =>
    {
        Assert.True(WalFrame.TryReadHeader(write.Bytes.Span, out var frame, out _, out _));
        return frame;
    });

    private void Report(string report)
    {
        lock (_reports) _reports.Add(report);
    }

    private string[] Reports()
    {
        lock (_reports) return [.. _reports];
    }

    /// <summary>Records what it is asked to do; can stand still, and can fail.</summary>
    private sealed class ScriptedDisk : IDisk, IDisposable
    {
        private readonly List<DiskCommand> _commands = [];
        private readonly ManualResetEventSlim _open = new(true);
        private readonly ManualResetEventSlim _held = new(false);
        private int _failAtSync = int.MaxValue;

        public IReadOnlyList<DiskCommand> Commands
        {
            get
            {
                lock (_commands) return [.. _commands];
            }
        }

        public int Syncs => Commands.OfType<DiskCommand.SyncFile>().Count();

        public void Hold() => _open.Reset();

        public void Release() => _open.Set();

        public void WaitUntilHeld() => Assert.True(_held.Wait(Patience));

        public void Dispose()
        {
            _open.Dispose();
            _held.Dispose();
        }

        public void FailAtSync(int number) => _failAtSync = number;

        public void Execute(DiskCommand command)
        {
            if (!_open.IsSet) _held.Set();
            Assert.True(_open.Wait(Patience));
            lock (_commands) _commands.Add(command);
            if (command is DiskCommand.SyncFile && Syncs >= _failAtSync)
                throw new DiskFailureException("wal", "fdatasync", 5);
        }
    }
}
