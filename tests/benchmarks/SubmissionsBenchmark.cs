using System.Globalization;
using System.Net;
using Hyperscale.Det.Shell.Hosting;

namespace Hyperscale.Det.Benchmarks;

/// <summary>Submissions a second, from the client's call to its answer, through three gates on loopback with
/// their logs on disk, against creations of a key a second in three members of etcd on the same disk, in
/// turns.</summary>
/// <remarks>A submission with a key is acknowledged once a datacenter has taken its job: that takes two
/// entries of the key's ledger group one after another (the job with its key and its slot's assignment, the
/// slot's start), each on the disks of two gates. etcd's transaction takes one. The datacenter here answers
/// at once and keeps nothing. Clients, gates and members share this machine's cores.</remarks>
internal sealed class SubmissionsBenchmark : IBenchmark
{
    // Below the number of live jobs that a gate takes.
    private const int JobsMax = 95_000;
    private const int NativeNodes = 4;

    // A member takes any number of streams on a connection, .NET's client opens another one at a hundred.
    private const int GrpcHandlers = 4;

    // So long that a gate has compiled what it runs: on a busy machine that takes its time. No longer than
    // leaves jobs to be submitted.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);
    private const int WarmUpJobsMax = 45_000;

    public string Name => "submissions";

    public string Summary =>
        "acknowledged submissions against etcd's creations of keys [--dir DIR] [--seconds N]"
        + " [--clients N,...] [--only http|native|etcd-http|etcd-grpc]";

    public int Run(string[] options)
    {
        var (dir, seconds, only) = (Path.GetTempPath(), 8, "");
        int[] clients = [1, 64, 1000];
        for (var i = 0; i + 1 < options.Length; i += 2)
        {
            var value = options[i + 1];
            if (options[i] == "--dir") dir = value;
            else if (options[i] == "--only") only = value;
            else if (options[i] == "--seconds" && TryCount(value, out seconds)) continue;
            else if (options[i] == "--clients" && TryCounts(value, out clients)) continue;
            else return Refuse();
        }

        if (options.Length % 2 != 0) return Refuse();
        var path = Directory.CreateDirectory(
            Path.Combine(dir, $"hyperscale-submissions-{Environment.ProcessId}")).FullName;
        using var owned = new OwnedDirectory(path);
        var run = new Runs(owned, TimeSpan.FromSeconds(seconds), only);
        Console.WriteLine(
            $"{path}: {seconds} s each, after {WarmUp.TotalSeconds} s or {WarmUpJobsMax} jobs to warm up");
        if (EtcdCluster.Program is null)
        {
            Console.WriteLine(
                "etcd is not installed (Debian: apt-get install etcd-server): only the gates are measured");
        }

        Console.WriteLine(
            $"{"",-11}{"clients",8}{"taken/s",10}{"p50 ms",9}{"p99 ms",9}{"cpu us each",12}{"load",6}");
        try
        {
            foreach (var count in clients) run.Measure(count);
            return 0;
        }
        // Thrown on, it would end this process before the others.
        catch (Exception e) when (e is InvalidOperationException or IOException or AggregateException)
        {
            Console.Error.WriteLine(e.GetBaseException().Message);
            return 1;
        }
    }

    private static bool TryCount(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count)
        && count is > 0 and <= 5000;

    private static bool TryCounts(string text, out int[] counts)
    {
        var parsed = text.Split(',').Select(part => TryCount(part, out var count) ? count : 0).ToArray();
        counts = parsed;
        return !parsed.Contains(0);
    }

    private static int Refuse()
    {
        Console.Error.WriteLine(
            "usage: submissions [--dir DIR] [--seconds N] [--clients N,N,...] "
            + "[--only http|native|etcd-http|etcd-grpc]; each N is 1 to 5000");
        return 2;
    }

    /// <summary>All measurements of one run, each on a cluster of its own.</summary>
    private sealed class Runs(OwnedDirectory owned, TimeSpan time, string only)
    {
        private int _next;

        public void Measure(int clients)
        {
            var etcdHttp = Etcd("etcd-http", clients, EtcdOverHttp);
            var http = Gates("http", clients, OverHttp);
            var etcdGrpc = Etcd("etcd-grpc", clients, EtcdOverGrpc);
            var native = Gates("native", clients, OverNative);
            if (etcdHttp is not null && http is not null) Compare("http", clients, http, etcdHttp);
            if (etcdGrpc is not null && native is not null) Compare("native", clients, native, etcdGrpc);
        }

        private LoadResult? Etcd(
            string name, int clients, Func<EtcdCluster, int, TimeSpan, Func<TimeSpan>, Measured> measure)
        {
            if (EtcdCluster.Program is null || (only != "" && only != name)) return null;
            var directory = owned.Next(_next++);
            using var child = owned.Own(EtcdCluster.Start(directory));
            var measured = measure(child.Value, clients, time, () => child.Value.CpuTime);
            return Print(name, clients, measured);
        }

        private LoadResult? Gates(
            string name, int clients, Func<GateCluster, int, TimeSpan, Func<TimeSpan>, Measured> measure)
        {
            if (only != "" && only != name) return null;
            var directory = owned.Next(_next++);
            using var child = owned.Own(GateCluster.Start(directory));
            var measured = measure(child.Value, clients, time, () => child.Value.CpuTime);
            return Print(name, clients, measured);
        }

        private static Measured EtcdOverHttp(
            EtcdCluster etcd, int clients, TimeSpan time, Func<TimeSpan> cpu) =>
            Load(
                [.. Spread(etcd.Clients, clients).Select(member => new EtcdHttpSubmitter(member))],
                time, cpu);

        private static Measured OverHttp(GateCluster gates, int clients, TimeSpan time, Func<TimeSpan> cpu) =>
            Load([.. Spread(gates.Http, clients).Select(gate => new HttpSubmitter(gate))], time, cpu);

        private static Measured EtcdOverGrpc(
            EtcdCluster etcd, int clients, TimeSpan time, Func<TimeSpan> cpu)
        {
            var https = Enumerable.Range(0, GrpcHandlers).Select(_ => new HttpClient(
                new SocketsHttpHandler { EnableMultipleHttp2Connections = true })).ToList();
            try
            {
                var members = Spread(etcd.Clients, clients);
                return Load(
                    [.. members.Select((member, i) => new EtcdGrpcSubmitter(https[i % https.Count], member))],
                    time, cpu);
            }
            finally
            {
                foreach (var http in https) http.Dispose();
            }
        }

        private static Measured OverNative(
            GateCluster gates, int clients, TimeSpan time, Func<TimeSpan> cpu)
        {
            var nodes = Enumerable.Range(0, Math.Min(NativeNodes, clients)).Select(_ =>
                NativeClient.Start(gates.Topology, gates.Addresses, gates.Services)).ToList();
            try
            {
                return Load(
                    [
                        .. Enumerable.Range(0, clients)
                            .Select(i => new NativeSubmitter(nodes[i % nodes.Count])),
                    ],
                    time, cpu);
            }
            finally
            {
                foreach (var node in nodes) node.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        }

        private static Measured Load(ISubmitter[] clients, TimeSpan time, Func<TimeSpan> cpu)
        {
            try
            {
                var load = new SubmissionLoad(clients);
                load.Run(WarmUp, WarmUpJobsMax);
                var before = cpu();
                var result = load.Run(time, JobsMax);
                return new Measured(result, cpu() - before);
            }
            finally
            {
                foreach (var client in clients) client.Dispose();
            }
        }

        private static IEnumerable<IPEndPoint> Spread(IReadOnlyList<IPEndPoint> servers, int clients) =>
            Enumerable.Range(0, clients).Select(client => servers[client % servers.Count]);

        private static LoadResult Print(string name, int clients, Measured measured)
        {
            var (result, cpu) = measured;
            Console.WriteLine(
                $"{name,-11}{clients,8}{result.PerSecond,10:F0}{result.P50Ms,9:F2}{result.P99Ms,9:F2}"
                + $"{cpu.TotalMicroseconds / Math.Max(1, result.Taken),12:F0}{LoadAverage(),6}");
            if (result.Refused > 0) Console.WriteLine($"  {result.Refused} not taken: {result.Refusal}");
            return result;
        }

        private static void Compare(string name, int clients, LoadResult ours, LoadResult etcd) =>
            Console.WriteLine(
                $"  {name} at {clients}: {ours.PerSecond / etcd.PerSecond:F2} times etcd's throughput, "
                + $"{ours.P99Ms / etcd.P99Ms:F2} times its p99");

        private static string LoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];
    }

    /// <param name="Cpu">What the servers used meanwhile.</param>
    private sealed record Measured(LoadResult Result, TimeSpan Cpu);
}
