using System.Net;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Shell.Transport;
using Hyperscale.Det.Shell.Workloads;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Benchmarks;

/// <summary>Three gates as processes of their own on loopback, with disks in one directory, and a datacenter
/// in this process that takes every slot.</summary>
internal sealed class GateCluster : IDisposable
{
    public const int Gates = 3;
    private const string ManagerName = "dc/manager-1";
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);

    private readonly string _directory;
    private readonly int[] _peerPorts;
    private readonly int[] _httpPorts;
    private readonly int _managerPort;
    private readonly ChildProcess?[] _gates = new ChildProcess?[Gates];
    private readonly MetricsRegistry _metrics = new();
    private readonly RunningNode _manager;
    private readonly (string, string)[] _variables;

    private GateCluster(string directory, (string, string)[] variables)
    {
        _directory = directory;
        _variables = variables;
        var ports = FreePorts.Take((2 * Gates) + 1);
        _peerPorts = ports[..Gates];
        _httpPorts = ports[Gates..(2 * Gates)];
        _managerPort = ports[^1];
        var settings = Enumerable.Range(0, Gates).Select(WriteSettings).ToList();
        Topology = settings[0].Topology;
        Addresses = settings[0].Addresses;
        Services = new NodeServices(_metrics, TimeProvider.System, NullLogger.Instance);
        using var init = ChildProcess.Start(
            WorkloadProgram.Own.Path, ["init", "--config", .. Enumerable.Range(0, Gates).Select(FileOf)],
            awaited: null);
        init.AwaitEnd(ReadyWithin);
        var manager = NodeId.Of(ManagerName);
        _manager = RunningNode.Start(
            new NodePlan(
                new StandInManager(manager, Topology), NodeRole.Manager, Topology.Datacenters[0].Name,
                Topology, Addresses, _ => new NoLog(), null, null),
            Services,
            PeerListener.Bind(new IPEndPoint(IPAddress.Loopback, _managerPort)));
    }

    public Topology Topology { get; }

    public IReadOnlyDictionary<NodeId, PeerAddress> Addresses { get; }

    public NodeServices Services { get; }

    /// <summary>Where the gates serve HTTP.</summary>
    public IReadOnlyList<IPEndPoint> Http =>
        [.. _httpPorts.Select(port => new IPEndPoint(IPAddress.Loopback, port))];

    /// <summary>Processor time of all gates so far.</summary>
    public TimeSpan CpuTime => _gates.Aggregate(TimeSpan.Zero, (sum, gate) => sum + gate!.CpuTime);

    /// <param name="directory">Is made; the caller removes it.</param>
    /// <param name="variables">Settings of the gates.</param>
    public static GateCluster Start(string directory, params (string, string)[] variables)
    {
        Directory.CreateDirectory(directory);
        var cluster = new GateCluster(directory, variables);
        try
        {
            for (var gate = 0; gate < Gates; gate++) cluster.Launch(gate);
            foreach (var gate in cluster._gates) gate!.AwaitReady(ReadyWithin);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <summary>Kills a gate as a power failure would.</summary>
    public void Kill(int gate) => _gates[gate]!.Kill();

    public void Dispose()
    {
        foreach (var gate in _gates) gate?.Dispose();
        _manager.CrashAsync().GetAwaiter().GetResult();
        _metrics.Dispose();
    }

    private void Launch(int gate) => _gates[gate] = ChildProcess.Start(
        WorkloadProgram.Own.Path, ["gate", "--config", FileOf(gate)], "ready", _variables);

    private string FileOf(int gate) => Path.Combine(_directory, $"gate-{gate + 1}.json");

    private NodeSettings WriteSettings(int gate)
    {
        var gates = string.Join(", ", _peerPorts.Select(
            (port, i) => $$"""{ "id": "gate-{{i + 1}}", "address": "127.0.0.1:{{port}}" }"""));
        File.WriteAllText(FileOf(gate), $$"""
            {
              "clusterId": "benchmark", "nodeId": "gate-{{gate + 1}}", "role": "gate",
              "listen": "127.0.0.1:{{_peerPorts[gate]}}", "httpListen": "127.0.0.1:{{_httpPorts[gate]}}",
              "dataDirectory": "gate-{{gate + 1}}",
              "topology": {
                "gates": [ {{gates}} ],
                "datacenters": [ { "name": "dc", "managers": [
                  { "id": "{{ManagerName}}", "address": "127.0.0.1:{{_managerPort}}" } ] } ]
              }
            }
            """);
        return NodeSettingsReader.Read(FileOf(gate));
    }
}
