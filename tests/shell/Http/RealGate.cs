using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Tests.Shell.Json;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.Shell.Http;

/// <summary>Runs no load: ends every slot as soon as the gate starts or cancels it.</summary>
/// <param name="isIdle">Starts slots and lets them go on until they are cancelled.</param>
internal sealed class ScriptedManager(ChannelMailbox<NodeInput> gate, bool isIdle) : IPeerTransport
{
    public void Send(NodeId to, Message message)
    {
        switch (message)
        {
            case Message.ReserveSlot reserve:
                Tell(to, new Message.SlotReserved(reserve.Slot, Duration.Zero));
                break;
            case Message.StartSlot start:
                Tell(to, new Message.SlotStarted(start.Slot));
                if (!isIdle) Finish(to, start.Slot, SlotState.Completed, AttemptState.Completed);
                break;
            case Message.CancelSlot cancel:
                Finish(to, cancel.Slot, SlotState.Cancelled, AttemptState.Cancelled);
                break;
            default:
                break;
        }
    }

    public void SendDatagram(NodeId to, Message message)
    {
    }

    public void Abort()
    {
    }

    private void Finish(NodeId manager, SlotKey slot, SlotState state, AttemptState attempt)
    {
        var result = new WorkflowResult(0, 1, "dc-a/worker-1", new AttemptOutcome(
            attempt, "", 0, JobSamples.Stats(1000, 2000, 3000), "bye"u8.ToArray()));
        Tell(manager, new Message.SlotFinished(slot, new SlotOutcome(state, "", [result])));
    }

    private void Tell(NodeId manager, Message message) =>
        gate.Signal(new NodeInput.Received(manager, message));
}

/// <summary>A gate on a disk of its own with its API, before a scripted datacenter.</summary>
internal sealed class RealGate : IAsyncDisposable
{
    private static readonly NodeId Id = NodeId.Of("gate-1");

    private static readonly Topology Cluster = new(
        "cluster-1", [Id], [new DatacenterTopology("dc-a", [NodeId.Of("dc-a/manager-1")])]);

    private readonly ChannelMailbox<NodeInput> _mailbox = new(bound: 64);
    private readonly MetricsRegistry _metrics = new();
    private readonly ApiServer _server;

    private RealGate(string directory, bool isIdle)
    {
        Host = NodeHost.Start(new NodeHostParts(
            new GateNode(Id, Cluster, GateConfig.Default), _mailbox,
            new ScriptedManager(_mailbox, isIdle),
            observer => DiskLog.Open(directory, "cluster-1", Id, WalOptions.Default, observer), null,
            new NodeTelemetry(_metrics.Meter, NullLogger.Instance), null, TimeProvider.System,
            NodeHostOptions.Default, NullLogger.Instance));
        var view = new ClusterView(Cluster, TimeProvider.System);
        _server = ApiServer.StartAsync(
            Api.Options, new HostedGate(Host, Cluster, view, _metrics), NullLogger.Instance, Api.Cancellation)
            .GetAwaiter().GetResult();
        Client = new HttpClient { BaseAddress = new Uri(_server.Url), Timeout = TimeSpan.FromSeconds(30) };
    }

    public NodeHost Host { get; }

    public HttpClient Client { get; }

    public static async Task<RealGate> StartAsync(string directory, bool isIdle = false)
    {
        var gate = new RealGate(directory, isIdle);
        while (true)
        {
            using var ready = await gate.Client.GetAsync("/readyz", Api.Cancellation);
            if (ready.IsSuccessStatusCode) return gate;
            await Task.Delay(5, Api.Cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        await Host.DisposeAsync();
        _mailbox.Dispose();
        _metrics.Dispose();
    }
}
