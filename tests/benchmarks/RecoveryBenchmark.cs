using System.Diagnostics;
using System.Globalization;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Shell.Disk;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Benchmarks;

/// <summary>A start on a large log: reading, checking and copying it, and what the replicas make of it;
/// against a bare loop that reads the same files, writes as many bytes to a new one and syncs it.</summary>
internal sealed class RecoveryBenchmark : IBenchmark
{
    private const int Groups = 64;
    private const int CommandBytes = 1024;
    private const int Rounds = 3;

    // A replica tells its disk so often what is committed.
    private const int HintEvery = 64;

    private static readonly NodeId Node = NodeId.Of("gate-1");
    private static readonly DiskOwner Owner = new("benchmark", Node, 1, EmptyDisk.NewNode);

    public string Name => "wal-recovery";

    public string Summary => "a start on a large log against a bare copy of its files [--dir DIR] [--mib N]";

    public int Run(string[] options)
    {
        var (dir, mib) = (Path.GetTempPath(), 1024);
        for (var i = 0; i < options.Length; i += 2)
        {
            var isLast = i + 1 == options.Length;
            if (options[i] == "--dir" && !isLast) dir = options[i + 1];
            else if (options[i] != "--mib" || isLast || !TryMib(options[i + 1], out mib)) return Refuse();
        }

        var path = Directory.CreateDirectory(
            Path.Combine(dir, $"hyperscale-recovery-{Environment.ProcessId}")).FullName;
        try
        {
            Fill(path, (long)mib << 20);
            Console.WriteLine(
                $"{path}: {mib} MiB of records with commands of {CommandBytes} bytes, {Groups} groups");
            Console.WriteLine(
                $"{"read s",9}{"check s",9}{"copy s",9}{"replay s",9}{"all s",9}{"bare s",9}{"ratio",8}");
            for (var round = 0; round < Rounds; round++) Measure(path);
            return 0;
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private static bool TryMib(string text, out int mib) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out mib)
        && mib is > 0 and <= 1800;

    private static int Refuse()
    {
        Console.Error.WriteLine(
            "usage: wal-recovery [--dir DIR] [--mib N]; DIR is made, used and removed, N is 1 to 1800");
        return 2;
    }

    private static void Fill(string path, long bytes)
    {
        using var done = new ManualResetEventSlim();
        var (appended, flushed, left, op) = (0L, 0L, bytes, 0L);
        var positions = new LogPosition[Groups];
        var writer = new FieldWriter();
        var command = new byte[CommandBytes];
        var durable = 0L;
        using var store = WalStore.Open(
            path, Owner, WalOptions.Default, lsn => Volatile.Write(ref durable, lsn), _ => { },
            e => Environment.FailFast(e.Message));
        for (; left > 0; op++)
        {
            var group = (int)(op % Groups);
            var entry = VsrEntry.After(positions[group], 1, new WallTime(op), command);
            positions[group] = new LogPosition(entry.Op, entry.Hash);
            writer.Clear();
            GroupRecord.Write(writer, new GroupRecord(group, new VsrRecord.Appended([entry])));
            store.Append(new WalRecord(WalRecordKind.LogEntry, writer.ToArray()));
            left -= writer.Length;
            appended++;
            if (entry.Op % HintEvery == 0)
            {
                writer.Clear();
                GroupRecord.Write(writer, new GroupRecord(group, new VsrRecord.Committed(entry.Op)));
                store.Append(new WalRecord(WalRecordKind.LogEntry, writer.ToArray()));
                appended++;
            }

            if (appended < flushed + 4096) continue;
            flushed = appended;
            store.Flush();
            SpinWait.SpinUntil(() => Volatile.Read(ref durable) == appended);
        }
    }

    private static void Measure(string path)
    {
        GC.Collect();
        var bare = Timed(() => Bare(path));
        GC.Collect();
        var paused = GC.GetTotalPauseDuration();
        var (read, check, copy, replay) = Start(path);
        var all = read + check + copy + replay;
        Console.WriteLine(
            $"{read,9:F2}{check,9:F2}{copy,9:F2}{replay,9:F2}{all,9:F2}{bare,9:F2}{all / bare,8:F2}");
        paused = GC.GetTotalPauseDuration() - paused;
        Console.WriteLine(
            $"{paused.TotalSeconds,10:F2} s of it in garbage collection; "
            + $"{Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB at most in memory");
    }

    /// <summary>What <see cref="WalStore.Open"/> and a node's first step do, in parts.</summary>
    private static (double Read, double Check, double Copy, double Replay) Start(string path)
    {
        using var disk = DataDirectory.Open(path);
        IReadOnlyList<DiskFile> files = [];
        var read = Timed(() => files = disk.Read());
        WalOpening? opening = null;
        var check = Timed(() => opening = WriteAheadLog.Open(WalOptions.Default, Owner.NewStart(), files));
        files = [];
        var copy = Timed(() =>
        {
            foreach (var command in opening!.Plan) disk.Execute(command);
        });
        var groups = Enumerable.Range(0, Groups).Select(group => (group, (IReadOnlyList<NodeId>)[Node]));
        var replicas = new LedgerReplicas(Node, groups, ReplicaTimes.Default);
        var recovered = opening!.Recovered;
        var replay = Timed(() => replicas.Step(
            new ReplicaInput.Recovered(
                recovered.SnapshotLsn, recovered.Snapshot,
                [.. recovered.Records.Select(record => record.Payload)], 1, recovered.NewLife),
            Instant.Zero, new Outbox<ReplicaEffect>()));
        return (read, check, copy, replay);
    }

    private static void Bare(string path)
    {
        var bytes = 0L;
        foreach (var file in Directory.GetFiles(path, "*.seg")) bytes += File.ReadAllBytes(file).LongLength;
        using var target = new BareAppender(Path.Combine(path, "bare"), 0);
        for (; bytes > 0; bytes -= 16 << 20) target.Write((int)Math.Min(bytes, 16 << 20));
        target.Sync();
        File.Delete(Path.Combine(path, "bare"));
    }

    private static double Timed(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
