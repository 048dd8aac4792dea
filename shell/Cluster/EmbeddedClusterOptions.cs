using Hyperscale.Det.Shell.Config;

namespace Hyperscale.Det.Shell.Cluster;

/// <summary>Size and place of an embedded cluster.</summary>
/// <param name="Managers">In each datacenter.</param>
/// <param name="Workers">In each datacenter.</param>
/// <param name="Cores">Of each worker.</param>
/// <param name="DataDirectory">Where gates and managers keep their logs; null for a temporary directory that
/// is removed at the end.</param>
public sealed record EmbeddedClusterOptions(
    int Gates, int Datacenters, int Managers, int Workers, int Cores, string? DataDirectory)
{
    public static readonly EmbeddedClusterOptions Default = new(
        Gates: 3, Datacenters: 2, Managers: 3, Workers: 2, Cores: 2, DataDirectory: null);

    /// <summary>Most datacenters: each has a letter.</summary>
    public const int DatacentersMax = 26;

    /// <summary>Most nodes of a kind in one place.</summary>
    public const int NodesMax = 64;

    /// <summary>Of every node.</summary>
    public ReadSettings Settings { get; init; } = ReadSettings.Default;

    /// <summary>How long the cluster may take until every worker is known to every gate.</summary>
    public TimeSpan ReadyWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the end may take, the flushing of connections included.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Whether an interrupt or termination of this process ends the cluster first, so that nothing
    /// is left behind. Without it, whoever handles the signal disposes the cluster.</summary>
    public bool EndsOnSignals { get; init; } = true;
}
