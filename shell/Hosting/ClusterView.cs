using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>What a gate has last heard of each datacenter, for operators; decides nothing.</summary>
public sealed class ClusterView(Topology topology, TimeProvider time)
{
    private readonly object _gate = new();
    private readonly Dictionary<string, (Message.ManagerHeartbeat Heartbeat, long At)> _newest =
        new(StringComparer.Ordinal);

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes note of a heartbeat; other inputs are of no interest.</summary>
    public void Observe(NodeInput input)
    {
        if (input is not NodeInput.Received { Message: Message.ManagerHeartbeat heartbeat }) return;
        if (!heartbeat.IsPrimary) return;
        lock (_gate)
        {
            _newest[heartbeat.Datacenter] = (heartbeat, time.GetTimestamp());
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Waits until what was heard satisfies a condition.</summary>
    public async Task UntilAsync(
        Func<IReadOnlyList<DatacenterView>, bool> condition, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_gate) changed = _changed.Task;
            if (condition(Datacenters)) return;
            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Every configured datacenter, in the order of the topology.</summary>
    public IReadOnlyList<DatacenterView> Datacenters
    {
        get
        {
            lock (_gate)
            {
                return [.. topology.Datacenters.Select(dc => _newest.TryGetValue(dc.Name, out var seen)
                    ? new DatacenterView(dc.Name, seen.Heartbeat, time.GetElapsedTime(seen.At))
                    : new DatacenterView(dc.Name, null, TimeSpan.Zero))];
            }
        }
    }
}

/// <summary>The newest heartbeat of a datacenter's primary manager; null when none arrived.</summary>
public sealed record DatacenterView(string Name, Message.ManagerHeartbeat? Heartbeat, TimeSpan Age);
