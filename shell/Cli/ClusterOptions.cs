using System.CommandLine;
using System.Net;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Cluster;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>The shape of a cluster in one process.</summary>
/// <param name="Managers">In each datacenter.</param>
/// <param name="Workers">In each datacenter.</param>
/// <param name="Cores">Of each worker.</param>
/// <param name="DataDirectory">Kept; null for one that is removed in the end.</param>
/// <param name="Http">Where the first gate serves HTTP; the others take free ports.</param>
internal sealed record ClusterShape(
    int Gates, int Datacenters, int Managers, int Workers, int Cores, string? DataDirectory, IPEndPoint Http)
{
    public override string ToString() =>
        $"{Gates} gates, {Datacenters} datacenters x "
        + $"({Managers} managers, {Workers} workers of {Cores} cores)";
}

/// <summary>The options of the commands that start a cluster.</summary>
internal sealed class ClusterOptions
{
    private readonly Option<int> _gates;
    private readonly Option<int> _datacenters;
    private readonly Option<int> _managers;
    private readonly Option<int> _workers;
    private readonly Option<int> _cores;
    private readonly Option<string?> _data;
    private readonly Option<IPEndPoint> _http;

    /// <param name="http">What <c>--http</c> is when it is not given.</param>
    public ClusterOptions(IPEndPoint http)
    {
        const int nodesMax = EmbeddedClusterOptions.NodesMax;
        const int datacentersMax = EmbeddedClusterOptions.DatacentersMax;
        _gates = OptionParsers.Whole("--gates", 1, nodesMax, 3, "Gates of the cluster");
        _datacenters = OptionParsers.Whole(
            "--datacenters", 1, datacentersMax, 2, "Datacenters, named dc-a, dc-b, ...");
        _managers = OptionParsers.Whole("--managers", 1, nodesMax, 3, "Managers in each datacenter");
        _workers = OptionParsers.Whole("--workers", 1, nodesMax, 2, "Workers in each datacenter");
        _cores = OptionParsers.Whole(
            "--cores", 1, JobLimits.CoresMax, 2, "Cores that each worker offers, whatever this machine has");
        _data = new Option<string?>("--data")
        {
            HelpName = "DIR",
            Description = "Directory of the nodes' logs; kept, and used again by the next cluster of this "
                + "shape [default: a temporary one, removed in the end]",
        };
        _http = OptionParsers.EndPoint(
            "--http", http,
            "Where the first gate serves HTTP; port 0 takes a free one, as the other gates do");
        All = [_gates, _datacenters, _managers, _workers, _cores, _data, _http];
    }

    public IReadOnlyList<Option> All { get; }

    public ClusterShape Read(ParseResult parsed) => new(
        parsed.GetValue(_gates), parsed.GetValue(_datacenters), parsed.GetValue(_managers),
        parsed.GetValue(_workers), parsed.GetValue(_cores), parsed.GetValue(_data),
        parsed.GetRequiredValue(_http));
}
