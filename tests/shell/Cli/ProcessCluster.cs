using System.Net;
using System.Net.Sockets;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>The example cluster as processes of their own, at free ports; disposing it leaves
/// nothing.</summary>
internal sealed class ProcessCluster : IAsyncDisposable
{
    private readonly SortedDictionary<string, CliProcess> _nodes = new(StringComparer.Ordinal);
    private readonly string _directory = Directory.CreateTempSubdirectory("hyperscale-test-").FullName;

    private ProcessCluster(string url) => Url = url;

    /// <summary>Where the gate serves HTTP.</summary>
    public string Url { get; }

    public static async Task<ProcessCluster> StartAsync()
    {
        var ports = FreePorts(4);
        var cluster = new ProcessCluster($"http://127.0.0.1:{ports[0]}");
        try
        {
            string[] written = ["8400", "7101", "7201", "7202"];
            foreach (var node in Examples.Nodes)
            {
                var example = Path.Combine(Examples.Directory, "cluster", $"{node}.json");
                var text = await File.ReadAllTextAsync(example);
                for (var i = 0; i < ports.Count; i++)
                    text = text.Replace($":{written[i]}\"", $":{ports[i]}\"", StringComparison.Ordinal);
                await File.WriteAllTextAsync(cluster.FileOf(node), text);
            }

            var init = await CliProcess.RunAsync(
                ["init", "--config", .. Examples.Nodes.Select(cluster.FileOf)]);
            Assert.Equal((0, ""), (init.Code, init.Error));
            foreach (var node in Examples.Nodes) cluster.Launch(node);
            foreach (var node in cluster._nodes.Values) await node.LineAsync("ready");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills a node as a power failure would and starts it again.</summary>
    public async Task RestartAsync(string node)
    {
        await _nodes[node].KillAsync();
        await _nodes[node].DisposeAsync();
        Launch(node);
        await _nodes[node].LineAsync("ready");
    }

    /// <summary>Asks every node to end.</summary>
    public async Task<IReadOnlyList<CliResult>> StopAsync()
    {
        foreach (var node in _nodes.Values) node.Signal(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        return await Task.WhenAll(_nodes.Values.Select(node => node.EndAsync()).ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values) await node.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private void Launch(string node)
    {
        var role = node[..node.IndexOf('-', StringComparison.Ordinal)];
        _nodes[node] = CliProcess.Start(role, "--config", FileOf(node));
    }

    private string FileOf(string node) => Path.Combine(_directory, $"{node}.json");

    // Taken together, so that they differ; between here and their use somebody else could take one.
    private static List<int> FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count)
            .Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        foreach (var listener in listeners) listener.Start();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToList();
        foreach (var listener in listeners) listener.Dispose();
        return ports;
    }
}
