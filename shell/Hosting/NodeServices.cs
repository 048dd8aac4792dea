using Hyperscale.Det.Durability;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Shell.Transport;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>What a process gives each of its nodes, and the sizes they run with.</summary>
public sealed record NodeServices(MetricsRegistry Metrics, TimeProvider Time, ILogger Logger)
{
    public GateConfig Gate { get; init; } = GateConfig.Default;

    public ManagerConfig Manager { get; init; } = ManagerConfig.Default;

    public ClientConfig Client { get; init; } = ClientConfig.Default;

    public Func<int, WorkerConfig> Worker { get; init; } = WorkerConfig.Default;

    public NodeHostOptions Host { get; init; } = NodeHostOptions.Default;

    public TransportOptions Transport { get; init; } = TransportOptions.Default;

    /// <summary>What it means when a gate or manager starts on an empty directory.</summary>
    public EmptyDisk EmptyDisk { get; init; } = EmptyDisk.Unknown;

    public WalOptions Log { get; init; } = WalOptions.Default;
}
