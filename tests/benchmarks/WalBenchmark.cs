using System.Diagnostics;
using Hyperscale.Det.Durability;

namespace Hyperscale.Det.Benchmarks;

/// <summary>Appends through the store against a bare loop of <c>pwrite</c> and <c>fdatasync</c> of the same
/// batches, taking turns in one run, in one directory.</summary>
internal sealed class WalBenchmark : IBenchmark
{
    private const int RecordBytes = 256;
    private const int Rounds = 24;
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(100);

    public string Name => "wal";

    public string Summary => "appends through the store against a bare pwrite+fdatasync loop [--dir DIR]";

    public int Run(string[] options)
    {
        if (options is not ([] or ["--dir", _]))
        {
            Console.Error.WriteLine("usage: wal [--dir DIR]; DIR is made, used and removed");
            return 2;
        }

        var path = options is [_, var dir]
            ? Directory.CreateDirectory(Path.Combine(dir, $"hyperscale-wal-{Environment.ProcessId}")).FullName
            : Directory.CreateTempSubdirectory("hyperscale-wal-").FullName;
        try
        {
            Run(path);
            return 0;
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private static void Run(string path)
    {
        var fileBytes = WalOptions.Default.SegmentBytes;
        Console.WriteLine($"{path}: files of {fileBytes >> 20} MiB, records of {RecordBytes} bytes");
        Console.WriteLine("one batch at a time: the next is appended when the one before is durable");
        Header();
        using var store = new StoreAppender(Path.Combine(path, "store"), RecordBytes);
        using var bare = new BareAppender(Path.Combine(path, "bare"), fileBytes);
        foreach (var records in new[] { 1, 10, 100, 1000 })
        {
            var bytes = (int)WalFrame.Padded(records * (long)(WalFrame.RecordHeaderBytes + RecordBytes));
            TakeTurns(
                records,
                bytes,
                time => Timed(time, () => store.AppendAndWait(records)),
                time => Timed(time, () => bare.Append(bytes)));
        }

        Console.WriteLine("open loop: appends go on while the disk syncs, and what gathers is a batch");
        Header();
        foreach (var window in new[] { 64, 1024, 8192 })
        {
            var flow = store.AppendFor(Turn, window);
            var records = (int)Math.Max(1, flow.Records / flow.Batches);
            var bytes = (int)WalFrame.Padded(records * (long)(WalFrame.RecordHeaderBytes + RecordBytes));
            TakeTurns(
                records,
                bytes,
                time => store.AppendFor(time, window).PerSecond(records),
                time => Timed(time, () => bare.Append(bytes)));
        }
    }

    /// <summary>Batches a second of both, the median over all rounds; and the median of the ratios within a
    /// round, which a disk or machine that slows down for a while does not move.</summary>
    private static void TakeTurns(
        int records, int bytes, Func<TimeSpan, double> store, Func<TimeSpan, double> bare)
    {
        store(Turn);
        bare(Turn);
        var stores = new List<double>();
        var bares = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            stores.Add(store(Turn));
            bares.Add(bare(Turn));
        }

        var (ofStore, ofBare) = (Median(stores), Median(bares));
        var ratio = Median([.. stores.Zip(bares, (ours, theirs) => ours / theirs)]);
        Console.WriteLine(
            $"{records,9}{bytes,10}{ofStore,14:F0}{ofBare,14:F0}{ofStore * records,14:F0}"
            + $"{ofBare * records,14:F0}{ratio,8:F2}");
    }

    private static void Header() => Console.WriteLine(
        $"{"records",9}{"bytes",10}{"store batch/s",14}{"bare batch/s",14}{"store rec/s",14}{"bare rec/s",14}"
        + $"{"ratio",8}");

    private static double Timed(TimeSpan time, Action batch)
    {
        var start = Stopwatch.GetTimestamp();
        var batches = 0;
        for (; Stopwatch.GetElapsedTime(start) < time; batches++) batch();
        return batches / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
