using System.Net;

namespace Hyperscale.Det.Benchmarks;

/// <summary>Three members of etcd on loopback, with disks in one directory.</summary>
internal sealed class EtcdCluster : IDisposable
{
    private const int Members = 3;
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);

    private readonly List<ChildProcess> _members = [];

    private EtcdCluster(int[] clientPorts) =>
        Clients = [.. clientPorts.Select(port => new IPEndPoint(IPAddress.Loopback, port))];

    /// <summary>Where the program is; null when it is not installed.</summary>
    public static string? Program => Array.Find(
        ["/usr/bin/etcd", "/usr/local/bin/etcd", "/usr/sbin/etcd"], File.Exists);

    public IReadOnlyList<IPEndPoint> Clients { get; }

    /// <summary>Processor time of all members so far.</summary>
    public TimeSpan CpuTime =>
        _members.Aggregate(TimeSpan.Zero, (sum, member) => sum + member.CpuTime);

    public static EtcdCluster Start(string directory)
    {
        Directory.CreateDirectory(directory);
        var ports = FreePorts.Take(2 * Members);
        var cluster = new EtcdCluster(ports[..Members]);
        try
        {
            var peers = ports[Members..];
            var initial = string.Join(',', peers.Select((port, i) => $"m{i}=http://127.0.0.1:{port}"));
            for (var i = 0; i < Members; i++)
            {
                var (client, peer) = ($"http://127.0.0.1:{ports[i]}", $"http://127.0.0.1:{peers[i]}");
                cluster._members.Add(ChildProcess.Start(
                    Program!,
                    [
                        "--name", $"m{i}", "--data-dir", Path.Combine(directory, $"m{i}"),
                        "--listen-client-urls", client, "--advertise-client-urls", client,
                        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                        "--initial-cluster", initial, "--initial-cluster-state", "new",
                        "--log-level", "info", "--logger", "zap",
                    ],
                    "serving client traffic"));
            }

            foreach (var member in cluster._members) member.AwaitReady(ReadyWithin);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var member in _members) member.Dispose();
    }
}
