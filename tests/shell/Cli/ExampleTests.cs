using Hyperscale.Det.Jobs;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>The files that come with the program are ones that it takes.</summary>
public sealed class ExampleTests
{
    [Theory]
    [InlineData("gate-1", NodeRole.Gate)]
    [InlineData("gate-2", NodeRole.Gate)]
    [InlineData("gate-3", NodeRole.Gate)]
    [InlineData("manager-1", NodeRole.Manager)]
    [InlineData("manager-2", NodeRole.Manager)]
    [InlineData("manager-3", NodeRole.Manager)]
    [InlineData("worker-1", NodeRole.Worker)]
    [InlineData("worker-2", NodeRole.Worker)]
    public void Every_node_of_the_example_cluster_can_be_read(string file, NodeRole role)
    {
        var node = NodeSettingsReader.Read(Path.Combine(Examples.Directory, "cluster", $"{file}.json"));

        Assert.Equal(role, node.Role);
        Assert.EndsWith(file, node.Id.Name, StringComparison.Ordinal);
        if (node.Listen is { } listen)
            Assert.Equal(PeerAddress.Of(listen), node.Addresses[node.Id]);
    }

    [Fact]
    public void All_nodes_of_the_example_cluster_agree_on_it()
    {
        var topologies = Examples.Nodes
            .Select(file => Path.Combine(Examples.Directory, "cluster", $"{file}.json"))
            .Select(NodeSettingsReader.Read)
            .Select(node => (node.Topology.ClusterId, Peers(node)));

        Assert.Single(topologies.Distinct());

        static string Peers(NodeSettings node) => string.Join(
            ' ', node.Addresses.OrderBy(peer => peer.Key).Select(peer => $"{peer.Key}={peer.Value}"));
    }

    [Fact]
    public void The_job_for_the_example_cluster_is_valid()
    {
        var faults = new List<JobFault>();
        JobSpecReader.Read(
            File.ReadAllBytes(Path.Combine(Examples.Directory, "cluster", "job.json")),
            "http://127.0.0.1:8080", faults);

        Assert.Empty(faults);
    }
}
