using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>What a gate has last heard of each datacenter, for operators; decides nothing.</summary>
public sealed class ClusterView(Topology topology, TimeProvider time, SloConfig slo)
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
                    ? ViewOf(dc.Name, seen.Heartbeat, time.GetElapsedTime(seen.At))
                    : new DatacenterView(dc.Name, null, TimeSpan.Zero, null))];
            }
        }
    }

    private DatacenterView ViewOf(string datacenter, Message.ManagerHeartbeat heartbeat, TimeSpan age)
    {
        var isFresh = slo.IsFresh(Duration.FromNanoseconds(age.Ticks * TimeSpan.NanosecondsPerTick));
        return new DatacenterView(datacenter, heartbeat, age, isFresh && heartbeat.Slo is { } told
            ? new LatencyView(told, SloComplianceScore.LevelOf(told.Summary.Score, slo.Levels))
            : null);
    }
}

/// <summary>The newest heartbeat of a datacenter's primary manager; null when none arrived.</summary>
/// <param name="Latencies">What it tells of latencies, for as long as routing goes by it; else
/// null.</param>
public sealed record DatacenterView(
    string Name, Message.ManagerHeartbeat? Heartbeat, TimeSpan Age, LatencyView? Latencies);

/// <param name="Level">By this gate's bounds, as routing takes it.</param>
public sealed record LatencyView(DatacenterSlo Slo, SloLevel Level);
