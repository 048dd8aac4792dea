using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>What a gate has last heard of each datacenter, and what it routes by of its jobs' latencies, for
/// operators; decides nothing.</summary>
/// <param name="sloOf">What the gate routes by of a datacenter's latencies; asked on the gate's own
/// thread.</param>
public sealed class ClusterView(
    Topology topology, TimeProvider time, Func<string, Instant, SloView?> sloOf)
{
    private readonly object _gate = new();
    private readonly Dictionary<string, (SloView Slo, long At)> _latencies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Message.ManagerHeartbeat Heartbeat, long At)> _newest =
        new(StringComparer.Ordinal);

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes note of what the gate has heard of datacenters; other inputs are of no
    /// interest.</summary>
    /// <param name="now">The gate's time.</param>
    public void Observe(NodeInput input, Instant now)
    {
        if (input is not NodeInput.Received { Message: var message }) return;
        if (message is Message.SloTold or Message.ManagerHeartbeat) NoteLatencies(now);
        if (message is not Message.ManagerHeartbeat { IsPrimary: true } heartbeat) return;
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
                    ? new DatacenterView(
                        dc.Name, seen.Heartbeat, time.GetElapsedTime(seen.At), LatenciesOf(dc.Name))
                    : new DatacenterView(dc.Name, null, TimeSpan.Zero, LatenciesOf(dc.Name)))];
            }
        }
    }

    private void NoteLatencies(Instant now)
    {
        foreach (var datacenter in topology.Datacenters)
        {
            var known = sloOf(datacenter.Name, now);
            lock (_gate)
            {
                if (known is null) _latencies.Remove(datacenter.Name);
                else _latencies[datacenter.Name] = (known, time.GetTimestamp());
            }
        }
    }

    private SloView? LatenciesOf(string datacenter)
    {
        if (!_latencies.TryGetValue(datacenter, out var known)) return null;
        var since = Duration.FromNanoseconds(
            time.GetElapsedTime(known.At).Ticks * TimeSpan.NanosecondsPerTick);
        var slo = known.Slo;
        if (since > slo.Left) return null;
        var summary = slo.Summary with { Age = slo.Summary.Age + since };
        return slo with { Summary = summary, Left = slo.Left - since };
    }
}

/// <summary>What a gate knows of a datacenter.</summary>
/// <param name="Heartbeat">The newest of its primary manager; null when none arrived.</param>
/// <param name="Latencies">What jobs are routed by of its latencies, for as long as they are; else
/// null.</param>
public sealed record DatacenterView(
    string Name, Message.ManagerHeartbeat? Heartbeat, TimeSpan Age, SloView? Latencies);
