using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>A cluster, the example unless another is given, as processes of their own, at free ports;
/// disposing it leaves nothing.</summary>
internal sealed partial class ProcessCluster : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, CliProcess> _nodes = new(StringComparer.Ordinal);
    private readonly string _directory = Directory.CreateTempSubdirectory("hyperscale-test-").FullName;

    private readonly IReadOnlyList<string> _names;
    private readonly SortedDictionary<string, string> _ports;
    private readonly (string, string)? _variable;

    private ProcessCluster(
        IReadOnlyList<string> names, SortedDictionary<string, string> ports, (string, string)? variable) =>
        (_names, _ports, _variable) = (names, ports, variable);

    /// <summary>Where the first gate serves HTTP.</summary>
    public string Url => Urls[0];

    /// <summary>Where the gates serve HTTP.</summary>
    public IReadOnlyList<string> Urls =>
        [
            .. new[] { "8400", "8401", "8402" }.Where(_ports.ContainsKey)
                .Select(port => $"http://127.0.0.1:{_ports[port]}"),
        ];

    /// <param name="variable">A setting of every node.</param>
    public static async Task<ProcessCluster> StartAsync((string Name, string Value)? variable = null)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in Examples.Nodes)
            texts[node] = await File.ReadAllTextAsync(
                Path.Combine(Examples.Directory, "cluster", $"{node}.json"));
        return await StartAsync(texts, variable);
    }

    /// <param name="texts">The configuration of each node, by a name that begins with its role; what is
    /// written of ports is replaced by free ones.</param>
    public static async Task<ProcessCluster> StartAsync(
        IReadOnlyDictionary<string, string> texts, (string Name, string Value)? variable = null)
    {
        var written = texts.Values.SelectMany(text => PortOf().Matches(text))
            .Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        var ports = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (port, free) in written.Zip(FreePorts(written.Count)))
            ports[port] = free.ToString(CultureInfo.InvariantCulture);
        var cluster = new ProcessCluster([.. texts.Keys], ports, variable);
        try
        {
            foreach (var (node, text) in texts)
                await File.WriteAllTextAsync(
                    cluster.FileOf(node),
                    PortOf().Replace(text, match => $"127.0.0.1:{ports[match.Groups[1].Value]}"));
            var init = await CliProcess.RunAsync(
                ["init", "--config", .. cluster._names.Select(cluster.FileOf)]);
            Assert.Equal((0, ""), (init.Code, init.Error));
            await cluster.LaunchAllAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public CliProcess Node(string node) => _nodes[node];

    public string FileOf(string node) => Path.Combine(_directory, $"{node}.json");

    /// <summary>The directory of a node's disk.</summary>
    public string DataOf(string node) => Path.Combine(_directory, "data", node);

    /// <summary>Kills every node at once as a power failure would, and starts them again.</summary>
    public async Task RestartAllAsync()
    {
        await Task.WhenAll(_nodes.Values.Select(node => node.KillAsync()));
        foreach (var node in _names) await KillAsync(node);
        await LaunchAllAsync();
    }

    public async Task KillAsync(string node)
    {
        await _nodes[node].KillAsync();
        _nodes.Remove(node, out var killed);
        await killed!.DisposeAsync();
    }

    public void Launch(string node)
    {
        var role = node[..node.IndexOf('-', StringComparison.Ordinal)];
        _nodes[node] = CliProcess.StartWith(_variable, role, "--config", FileOf(node));
    }

    private async Task LaunchAllAsync()
    {
        foreach (var node in _names) Launch(node);
        foreach (var node in _nodes.Values) await node.LineAsync("ready");
    }

    /// <summary>Kills a node as a power failure would and starts it again.</summary>
    public async Task RestartAsync(string node)
    {
        await KillAsync(node);
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

    [GeneratedRegex("127\\.0\\.0\\.1:([0-9]+)")]
    private static partial Regex PortOf();
}
