using System.Net;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Disk;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Shell.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.Shell.Hosting;

public sealed class RunningNodeTests : IDisposable
{
    private static readonly NodeId Gate = NodeId.Of("gate-1");
    private static readonly Topology Topology =
        new("test", [Gate], [new DatacenterTopology("dc-a", [NodeId.Of("manager-1")])]);

    private readonly MetricsRegistry _metrics = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("running-node-").FullName;

    private NodeServices Services => new(_metrics, TimeProvider.System, NullLogger.Instance)
    {
        EmptyDisk = Durability.EmptyDisk.NewNode,
        Log = Durability.WalOptions.Default with { SegmentBytes = 64 * 1024 },
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_gate_serves_and_stops()
    {
        var gate = RunningNode.Start(Settings(), Services);
        Assert.NotEqual(0, gate.ListenAddress!.Port);
        Assert.Equal(["dc-a"], gate.View!.Datacenters.Select(datacenter => datacenter.Name));
        var answer = await gate.AskAsync(new ClientRequest.ListJobs(10, LocalOnly: true), Cancellation);
        Assert.IsType<ClientResponse.Jobs>(answer);
        Assert.True(gate.IsServing);
        await gate.StopAsync();
        Assert.True(gate.Completion.IsCompletedSuccessfully);
        Assert.False(gate.IsServing);
    }

    [Fact]
    public async Task An_address_in_use_is_named()
    {
        await using var first = RunningNode.Start(Settings(), Services);
        var second = Settings() with { Listen = first.ListenAddress };
        var error = Assert.Throws<AddressException>(() => RunningNode.Start(second, Services));
        AssertSays($"{first.ListenAddress}: the address is in use", error);
    }

    [Fact]
    public void An_address_of_another_machine_is_named()
    {
        var settings = Settings() with { Listen = IPEndPoint.Parse("192.0.2.1:7000") };
        var error = Assert.Throws<AddressException>(() => RunningNode.Start(settings, Services));
        AssertSays("192.0.2.1:7000: this machine does not have the address", error);
    }

    [Fact]
    public async Task A_data_directory_in_use_is_named()
    {
        await using var first = RunningNode.Start(Settings(), Services);
        var error = Assert.Throws<DataDirectoryException>(() => RunningNode.Start(Settings(), Services));
        AssertSays($"{_directory} is in use by another process", error);
    }

    [Fact]
    public void A_data_directory_that_cannot_be_made_is_named_and_the_address_given_back()
    {
        var file = Path.Combine(_directory, "file");
        File.WriteAllText(file, "");
        using var listener = PeerListener.BindLasting(IPAddress.Loopback);
        var settings = Settings() with { DataDirectory = Path.Combine(file, "data") };
        var error = Assert.Throws<DataDirectoryException>(
            () => RunningNode.Start(settings, Services, listener));
        AssertSays($"{file}/data cannot be used", error);
        PeerListener.Bind(listener.Address).Dispose();
    }

    [Fact]
    public async Task A_data_directory_of_another_cluster_is_refused()
    {
        await using (RunningNode.Start(Settings(), Services))
        {
        }

        var foreign = Settings() with { Topology = Topology with { ClusterId = "other" } };
        var error = Assert.Throws<DataDirectoryException>(() => RunningNode.Start(foreign, Services));
        AssertSays($"the data directory {_directory} is refused", error);
        AssertSays("'test'", error);
    }

    [Fact]
    public async Task A_node_that_breaks_a_rule_ends_with_the_cause_and_gives_its_address_back()
    {
        var node = new ScriptedNode((input, _) => Invariant.Holds(input is not NodeInput.ClientRequested));
        var listener = PeerListener.BindLasting(IPAddress.Loopback);
        var plan = new NodePlan(
            node, NodeRole.Gate, "", Topology, new Dictionary<NodeId, PeerAddress>(), _ => new NoLog(), null,
            null);
        var running = RunningNode.Start(plan, Services, listener);
        var answer = await running.AskAsync(new ClientRequest.GetJob(new JobId(1, 1)), Cancellation);
        Assert.IsType<ClientResponse.OutcomeUnknown>(answer);
        var failure = await Assert.ThrowsAsync<NodeFailedException>(() => running.Completion);
        Assert.IsType<InvariantViolationException>(failure.InnerException);
        PeerListener.Bind(listener.Address).Dispose();
        await running.StopAsync();
    }

    public void Dispose()
    {
        _metrics.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static void AssertSays(string part, Exception error) =>
        Assert.Contains(part, error.Message, StringComparison.Ordinal);

    private NodeSettings Settings() => new(
        Gate, NodeRole.Gate, "", new IPEndPoint(IPAddress.Loopback, 0), null, _directory, 0, Topology,
        new Dictionary<NodeId, PeerAddress>(), ReadSettings.Default);
}
