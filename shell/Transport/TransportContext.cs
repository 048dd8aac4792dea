using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Telemetry;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>What every part of a node's transport shares.</summary>
internal sealed record TransportContext(
    NodeId Self,
    TransportOptions Options,
    IMailbox<NodeInput> Mailbox,
    OpenSockets Sockets,
    TransportMetrics Metrics,
    TimeProvider Time,
    ILogger Logger)
{
    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Fails with the first fault of ours; ends with nothing else.</summary>
    public Task Failure => _failure.Task;

    /// <summary>Does work that expects every fault of the network, and reports any other.</summary>
    public async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e)
        {
            _failure.TrySetException(e);
        }
    }

    /// <summary>Tells the node what became of what it sent and nobody took: calls by name, everything else as
    /// the loss of the peer.</summary>
    /// <param name="mayHaveLeft">Whether something was sent before that the peer may not have
    /// received.</param>
    public void TellLost(NodeId peer, SendQueue queue, bool mayHaveLeft)
    {
        var batch = queue.Take();
        foreach (var call in batch.Calls) Mailbox.Signal(new NodeInput.SendFailed(peer, call));
        var isLost = mayHaveLeft || batch.Messages > batch.Calls.Count;
        queue.Return(batch);
        isLost |= LogDrops(peer, queue);
        if (isLost) Mailbox.Signal(new NodeInput.PeerLost(peer));
    }

    /// <summary>Tells the node that its peer was too slow for it, when it was.</summary>
    public void TellDrops(NodeId peer, SendQueue queue)
    {
        if (LogDrops(peer, queue)) Mailbox.Signal(new NodeInput.PeerLost(peer));
    }

    private bool LogDrops(NodeId peer, SendQueue queue)
    {
        var drops = queue.TakeDrops();
        if (drops.Messages == 0) return false;
        ShellLog.PeerTooSlow(Logger, Self, peer, drops.Messages, drops.Bytes);
        Metrics.Dropped(drops.Messages);
        return true;
    }
}
