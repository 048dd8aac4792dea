using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>No workload runs without a live lease, counted on the worker's clock from the sending of the
/// heartbeat that was answered.</summary>
/// <remarks>A worker that stands still or is slow cannot stop anything: it has its grace from when it goes
/// on.
/// </remarks>
public sealed class LeasedWork() : Checker(
    "leased-work", CheckerViews.Sent | CheckerViews.Received | CheckerViews.Samples)
{
    // Ending a workload, a timer of whole milliseconds and a batch before it.
    private static readonly Duration Slack = Duration.FromMilliseconds(200);

    private readonly SortedDictionary<int, Lease> _leases = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (host.Place.Role == NodeRole.Worker) _leases[host.Place.Index] = new Lease();
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (message is not Message.WorkerHeartbeat heartbeat) return;
        // Sent to several managers or again, the first sending counts.
        _leases[host.Place.Index].Sent.TryAdd(heartbeat.Sequence, host.LocalNow);
    }

    public override void OnReceived(SimHost host, NodeId from, Message message)
    {
        if (message is not Message.HeartbeatAnswered answered) return;
        if (!_leases.TryGetValue(host.Place.Index, out var lease)) return;
        if (!lease.Sent.TryGetValue(answered.Sequence, out var sent)) return;
        Check(host, lease);
        lease.Until = Instant.Later(lease.Until, sent + answered.LeaseTerm);
        if (lease.Sent.Count > 1000) lease.Forget(answered.Sequence - 500);
    }

    public override void OnProcessStarted(SimProcess process)
    {
        var lease = _leases[process.Host.Place.Index];
        Require(process.Host.LocalNow <= lease.Until, () =>
            $"{process.Host.Id} starts {process.Attempt} at its {process.Host.LocalNow}, "
            + $"its lease ended at {lease.Until}");
    }

    public override void OnProcessEnded(SimProcess process)
    {
        if (process.Life == process.Host.Life) Check(process.Host, _leases[process.Host.Place.Index]);
    }

    public override void OnSample()
    {
        foreach (var (place, lease) in _leases) Check(World.Hosts[place], lease);
    }

    private void Check(SimHost host, Lease lease)
    {
        var running = World.Processes.RunningOn(host.Place.Index);
        if (running.Count == 0 || host.LocalNow <= lease.Until) return;
        World.Coverage.Sometimes(
            host.IsPaused ? Probe.WorkerPausedPastItsLease : Probe.LeaseExpiredWithWorkRunning);
        // Each time that somebody was missed costs another look.
        var again = Duration.Longer(World.Plan.Options.Worker.StopGrace, ResourceConfig.VerifyInterval);
        var grace = World.Plan.Options.Worker.StopGrace + Slack
            + (again * running.Max(process => process.Tree.Missed));
        if (World.Now <= host.HamperedUntil + grace) return;
        Require(host.LocalNow <= lease.Until + grace, () =>
            $"{host.Id} still runs {running[0].Attempt} at its {host.LocalNow}, "
            + $"its lease ended at {lease.Until}");
    }

    private sealed class Lease
    {
        public SortedDictionary<long, Instant> Sent { get; } = [];

        public Instant Until { get; set; } = new(-1);

        public void Forget(long before)
        {
            while (Sent.Count > 0 && Sent.First().Key < before) Sent.Remove(Sent.First().Key);
        }
    }
}
