using System.Net;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Shell.Transport;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>One node of a cluster at work in this process: its machine, log, workloads and connections.
/// </summary>
public sealed class RunningNode : IAsyncDisposable
{
    private readonly NodeHost _host;
    private readonly PeerTransport _transport;
    private readonly ChannelMailbox<NodeInput> _mailbox;
    private readonly ILogger _logger;

    private RunningNode(
        NodePlan plan, NodeServices services, ChannelMailbox<NodeInput> mailbox, PeerTransport transport)
    {
        _logger = services.Logger;
        _mailbox = mailbox;
        _transport = transport;
        View = plan.View;
        _host = NodeHost.Start(new NodeHostParts(
            plan.Node, mailbox, transport, plan.OpenLog, plan.Workloads,
            new NodeTelemetry(services.Metrics.Meter, services.Logger),
            plan.View is null ? null : plan.View.Observe,
            services.Time, services.Host, services.Logger)
        {
            SampleInterval = plan.SampleInterval,
        });
        transport.Start(_host.Boot);
        ShellLog.NodeStarted(_logger, Id, _host.Boot, ListenAddress?.ToString() ?? "no address");
        Completion = EndAsync();
        _ = FailWithTransportAsync();
    }

    public NodeId Id => _host.Id;

    /// <summary>This start's identity.</summary>
    public BootId Boot => _host.Boot;

    /// <summary>Whether the node has recovered and takes requests.</summary>
    public bool IsServing => _host.IsServing;

    /// <summary>Where peers connect; null for a node that only dials.</summary>
    public IPEndPoint? ListenAddress => _transport.Address;

    /// <summary>What a gate hears of the datacenters; null on other nodes.</summary>
    public ClusterView? View { get; }

    /// <summary>Ends once the node has stopped and its connections are closed: normally after
    /// <see cref="StopAsync"/>, with a <see cref="NodeFailedException"/> after a failure.</summary>
    public Task Completion { get; }

    /// <summary>Starts the node that a configuration describes.</summary>
    /// <param name="listener">The address of <paramref name="settings"/> where it is taken already; owned by
    /// the node, also when the start fails.</param>
    /// <exception cref="AddressException">The node's address cannot be listened at.</exception>
    /// <exception cref="Disk.DataDirectoryException">The data directory may not be used.</exception>
    /// <exception cref="Disk.DiskFailureException">The disk failed while opening.</exception>
    public static RunningNode Start(
        NodeSettings settings, NodeServices services, PeerListener? listener = null)
    {
        if (listener is null && settings.Listen is not null) listener = PeerListener.Bind(settings.Listen);
        return Start(NodePlan.Of(settings, services), services, listener);
    }

    internal static RunningNode Start(NodePlan plan, NodeServices services, PeerListener? listener)
    {
        var mailbox = new ChannelMailbox<NodeInput>(services.Host.MailboxBound);
        var transport = new PeerTransport(new PeerTransportParts(
            plan.Node.Id, plan.Role, plan.Datacenter, plan.Topology, plan.Addresses, listener, mailbox,
            services.Transport, services.Metrics.Meter, services.Time, services.Logger));
        try
        {
            return new RunningNode(plan, services, mailbox, transport);
        }
        catch
        {
            transport.Abort();
            listener?.Dispose();
            mailbox.Dispose();
            throw;
        }
    }

    /// <summary>Asks the node as a client of this process.</summary>
    public Task<ClientResponse> AskAsync(ClientRequest request, CancellationToken cancellation) =>
        _host.AskAsync(request, cancellation);

    /// <summary>Lets the node say goodbye and ends it; how it ended is in <see cref="Completion"/>.</summary>
    public async Task StopAsync()
    {
        await _host.StopAsync();
        await Task.WhenAny(Completion);
    }

    /// <summary>Ends the node as a crash would: nothing more leaves it.</summary>
    public async Task CrashAsync()
    {
        _transport.Abort();
        await StopAsync();
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task FailWithTransportAsync()
    {
        try
        {
            await _transport.Failure;
        }
        catch (Exception e)
        {
            _host.Fail(e);
        }
    }

    private async Task EndAsync()
    {
        try
        {
            await _host.Completion;
        }
        finally
        {
            await _transport.StopAsync();
            _mailbox.Dispose();
            ShellLog.NodeStopped(_logger, Id);
        }
    }
}
