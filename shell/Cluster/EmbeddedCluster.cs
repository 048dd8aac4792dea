using System.Diagnostics;
using System.Runtime.InteropServices;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Shell.Transport;
using DatacenterView = Hyperscale.Det.Shell.Hosting.DatacenterView;

namespace Hyperscale.Det.Shell.Cluster;

/// <summary>A whole cluster in this process: every node with its own log, its own sockets on loopback and its
/// own workload processes.</summary>
/// <remarks>Disposing ends the nodes, their workloads and a temporary data directory.</remarks>
public sealed class EmbeddedCluster : IAsyncDisposable
{
    // Small logs: ten of them are made at once, on one disk.
    private static readonly WalOptions LogOptions = WalOptions.Default with { SegmentBytes = 1024 * 1024 };

    // All in this process: whoever has not answered by then will not.
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FlushWithin = TimeSpan.FromMilliseconds(500);

    private readonly EmbeddedClusterOptions _options;
    private readonly NodeServices _services;
    private readonly ClusterDirectory _directory;
    private readonly ClusterPlan _plan;
    private readonly SortedDictionary<NodeId, RunningNode> _nodes = [];
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object _gate = new();
    private Task? _end;

    private EmbeddedCluster(EmbeddedClusterOptions options, ILogger logger)
    {
        _options = options;
        Metrics = new MetricsRegistry();
        _services = new NodeServices(Metrics, TimeProvider.System, logger)
        {
            Log = LogOptions,
            EmptyDisk = EmptyDisk.LostDisk,
            Host = NodeHostOptions.Default with { StopWithin = StopWithin },
            Transport = TransportOptions.Default with { FlushWithin = FlushWithin },
        };
        _directory = ClusterDirectory.Open(options.DataDirectory);
        try
        {
            _plan = ClusterPlan.Of(options, _directory.Path);
        }
        catch
        {
            _directory.Dispose();
            Metrics.Dispose();
            throw;
        }
    }

    public Topology Topology => _plan.Topology;

    /// <summary>Where gates and managers listen to their peers.</summary>
    public IReadOnlyDictionary<NodeId, PeerAddress> Addresses => _plan.Addresses;

    /// <summary>Where the nodes keep their logs.</summary>
    public string DataDirectory => _directory.Path;

    /// <summary>The counts of all nodes, each under its name.</summary>
    public MetricsRegistry Metrics { get; }

    /// <summary>How long it took from the start until every worker was known to every gate.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    /// <summary>Fails with the first node that fails; ends with nothing else.</summary>
    public Task Failure => _failure.Task;

    /// <summary>The gates, in the order of the topology.</summary>
    public IReadOnlyList<RunningNode> Gates
    {
        get
        {
            lock (_gate) return [.. Topology.Gates.Select(gate => _nodes[gate])];
        }
    }

    /// <summary>Starts all nodes and waits until every worker is known to every gate.</summary>
    /// <exception cref="TimeoutException">The cluster did not get ready in time; the message says what is
    /// missing.</exception>
    /// <exception cref="Disk.DataDirectoryException">The data directory may not be used.</exception>
    public static async Task<EmbeddedCluster> StartAsync(
        EmbeddedClusterOptions options, ILogger logger, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var cluster = new EmbeddedCluster(options, logger);
        try
        {
            await cluster.StartNodesAsync();
            await cluster.UntilReadyAsync(cancellation);
            cluster.ReadyAfter = Stopwatch.GetElapsedTime(started);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a native client of this cluster; its user disposes it.</summary>
    public NativeClient NewClient() => NativeClient.Start(Topology, Addresses, _services);

    /// <summary>Ends a node and starts it again at its address and with its data.</summary>
    /// <param name="isCrash">Whether it ends without a word, as a killed process does.</param>
    /// <param name="meanwhile">What happens while it is away.</param>
    public async Task RestartAsync(NodeId id, bool isCrash, Func<Task>? meanwhile = null)
    {
        RunningNode node;
        lock (_gate) node = _nodes[id];
        if (isCrash) await node.CrashAsync();
        else await node.StopAsync();
        if (meanwhile is not null) await meanwhile();
        Start(_plan.Nodes.Single(planned => planned.Settings.Id == id) with { Listener = null });
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate) _end ??= Task.Run(EndAsync);
        return new ValueTask(_end);
    }

    private async Task StartNodesAsync()
    {
        if (_options.EndsOnSignals) EndOnSignals();
        _directory.InitOnce(
            $"{_options.Gates} gates and {_options.Datacenters} datacenters of {_options.Managers} managers",
            InitDisks);
        await Task.WhenAll(_plan.Nodes.Select(node => Task.Run(() => Start(node))).ToArray());
    }

    private void InitDisks()
    {
        foreach (var node in _plan.Nodes)
            if (node.Settings.DataDirectory.Length > 0) NodeDisk.Init(node.Settings, mayExist: true);
    }

    private void Start(PlannedNode planned)
    {
        var node = RunningNode.Start(planned.Settings, _services, planned.Listener);
        lock (_gate) _nodes[node.Id] = node;
        _ = WatchAsync(node);
    }

    private async Task WatchAsync(RunningNode node)
    {
        try
        {
            await node.Completion;
        }
        catch (NodeFailedException e)
        {
            _failure.TrySetException(e);
        }
    }

    private async Task UntilReadyAsync(CancellationToken cancellation)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(_options.ReadyWithin);
        var ready = Task.WhenAll(Gates.Select(gate => gate.View!.UntilAsync(IsReady, late.Token)).ToArray());
        try
        {
            await await Task.WhenAny(ready, Failure);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"the cluster was not ready within {_options.ReadyWithin.TotalSeconds:0} s: {Missing()}");
        }
    }

    private bool IsReady(IReadOnlyList<DatacenterView> datacenters) =>
        datacenters.All(datacenter => datacenter.Heartbeat?.Workers == _options.Workers);

    private string Missing() => string.Join("; ", Gates.SelectMany(gate => gate.View!.Datacenters
        .Where(datacenter => datacenter.Heartbeat?.Workers != _options.Workers)
        .Select(datacenter => datacenter.Heartbeat is { } heartbeat
            ? $"{gate.Id} knows {heartbeat.Workers} of {_options.Workers} workers of {datacenter.Name}"
            : $"{gate.Id} hears nothing of {datacenter.Name}")));

    private void EndOnSignals()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP })
            _signals.Add(PosixSignalRegistration.Create(signal, _ => EndNow()));
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
    }

    // What the signal does to the process is up to others; it happens once this has returned.
    private void EndNow() => DisposeAsync().AsTask().Wait(_options.StopWithin);

    private void OnProcessExit(object? sender, EventArgs e) => EndNow();

    private async Task EndAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        RunningNode[] nodes;
        lock (_gate) nodes = [.. _nodes.Values];
        await Task.WhenAll(nodes.Select(node => node.StopAsync()).ToArray());
        _directory.Dispose();
        Metrics.Dispose();
        foreach (var signal in _signals) signal.Dispose();
    }
}
