using System.Diagnostics;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>Makes the plan's faults happen at their times, and heals the world at the end of them.</summary>
public sealed class FaultDriver
{
    private static readonly float LatencyMaxMs = (float)(LatencyDigest.LatencyMax.Nanoseconds / 1e6);

    private static readonly DatacenterSlo Terrible = new(
        new SloHealth(DatacenterHealth.Unhealthy, SloRuleKind.P99Unhealthy),
        new SloSummary(
            LatencyMaxMs, LatencyMaxMs, LatencyMaxMs, uint.MaxValue, (float)SloLimits.RatioMax,
            (float)SloLimits.FactorMax, Duration.Zero),
        []);

    private static readonly DatacenterSlo Perfect = new(
        SloHealth.Healthy,
        new SloSummary(0, 0, 0, uint.MaxValue, 0, (float)SloLimits.FactorMin, Duration.Zero),
        []);

    private readonly World _world;

    public FaultDriver(World world)
    {
        _world = world;
        for (var i = 0; i < world.Plan.Faults.Count; i++)
        {
            var fault = world.Plan.Faults[i];
            if (fault.At < world.Plan.FaultsEnd) Schedule(fault.At, fault, i, () => Begin(fault));
            if (EndOf(fault) is { } end && end < world.Plan.FaultsEnd)
                Schedule(end, fault, i + world.Plan.Faults.Count, () => End(fault));
        }

        world.Scheduler.At(
            Instant.Zero + world.Plan.FaultsEnd, new PlainEvent(SimEvent.World, 1, "the world heals", Heal));
        if (world.Plan.Options.Network.TailDoublings > 0) world.Coverage.Fired(FaultFamily.Latency);
    }

    private void Schedule(Duration at, PlannedFault fault, int number, Action then) =>
        _world.Scheduler.At(
            Instant.Zero + at, new PlainEvent(SimEvent.World, 1000 + (ulong)number, fault.ToString(), then));

    private void Begin(PlannedFault fault)
    {
        switch (fault)
        {
            case PlannedFault.Partition partition:
                _world.Coverage.Fired(FaultFamily.Partition);
                if (partition.OneWay) _world.Coverage.Sometimes(Probe.OneWayPartition);
                ForEachWay(partition, _world.Network.Block);
                break;
            case PlannedFault.ConnectionLoss loss:
                _world.Network.Reset(PlaceOf(loss.A), PlaceOf(loss.B));
                break;
            case PlannedFault.Crash crash:
                HostOf(crash.Node).Arm(crash);
                break;
            case PlannedFault.DiskStall stall:
                _world.Coverage.Fired(FaultFamily.DiskStall);
                HostOf(stall.Node).DiskStall = stall.PerSync;
                break;
            case PlannedFault.DiskError error:
                HostOf(error.Node).FailNextSync(error.Restart);
                break;
            case PlannedFault.DiskLoss loss:
                LoseDisk(loss);
                break;
            case PlannedFault.SlowProcess slow:
                _world.Coverage.Fired(FaultFamily.SlowProcess);
                HostOf(slow.Node).SlowBy = slow.PerBatch;
                break;
            case PlannedFault.SlowTarget or PlannedFault.FalseLatencies:
                _world.Coverage.Fired(fault.Family);
                ChangeLatencies(fault, isOver: false);
                break;
            case PlannedFault.Pause pause:
                _world.Coverage.Fired(FaultFamily.Pause);
                HostOf(pause.Node).Pause(pause.Length);
                break;
            case PlannedFault.ClockRate rate:
                _world.Coverage.Fired(FaultFamily.Clock);
                HostOf(rate.Node).SetClockRate(rate.PerThousand);
                break;
            case PlannedFault.WallJump jump:
                _world.Coverage.Fired(FaultFamily.Clock);
                HostOf(jump.Node).Clock.SetWall(jump.Milliseconds);
                break;
            default:
                throw new UnreachableException($"unhandled {fault}");
        }
    }

    private void End(PlannedFault fault)
    {
        switch (fault)
        {
            case PlannedFault.Partition partition:
                ForEachWay(partition, _world.Network.Unblock);
                break;
            case PlannedFault.DiskStall stall:
                HostOf(stall.Node).DiskStall = Duration.Zero;
                break;
            case PlannedFault.SlowProcess slow:
                HostOf(slow.Node).SlowBy = Duration.Zero;
                break;
            case PlannedFault.SlowTarget or PlannedFault.FalseLatencies:
                ChangeLatencies(fault, isOver: true);
                break;
            default:
                throw new UnreachableException($"{fault} has no end");
        }
    }

    // At most as many disks may be lost at a time as the quorums allow for: one of three to five.
    private void LoseDisk(PlannedFault.DiskLoss loss)
    {
        var host = HostOf(loss.Node);
        var others = _world.Hosts.Where(other => other != host && other.Place.HasDisk
            && other.Place.Role == host.Place.Role && other.Place.Datacenter == host.Place.Datacenter);
        if (_world.Topology.CopiesOf(host.Id) >= 3 && others.All(other => other.IsWhole)) host.LoseDisk(loss);
    }

    private void Heal()
    {
        _world.IsHealed = true;
        _world.Network.Heal();
        foreach (var host in _world.Hosts) host.Recover();
        _world.Processes.Heal();
        _world.Clients.Settle();
    }

    private void ChangeLatencies(PlannedFault fault, bool isOver)
    {
        if (fault is PlannedFault.SlowTarget slow)
            _world.Processes.SlowTarget(slow.Datacenter, isOver ? 1 : slow.Times);
        if (fault is not PlannedFault.FalseLatencies lie) return;
        foreach (var host in _world.Hosts.Where(host => host.Place.Datacenter == lie.Datacenter))
            host.FalseLatencies = isOver ? null : lie.Terrible ? Terrible : Perfect;
    }

    private void ForEachWay(PlannedFault.Partition partition, Action<int, int> then)
    {
        foreach (var from in partition.From.Select(PlaceOf))
        {
            foreach (var to in partition.To.Select(PlaceOf))
            {
                if (from == to) continue;
                then(from, to);
                if (!partition.OneWay) then(to, from);
            }
        }
    }

    private static Duration? EndOf(PlannedFault fault) => fault switch
    {
        PlannedFault.Partition partition => partition.Until,
        PlannedFault.DiskStall stall => stall.Until,
        PlannedFault.SlowProcess slow => slow.Until,
        PlannedFault.SlowTarget slow => slow.Until,
        PlannedFault.FalseLatencies told => told.Until,
        _ => null,
    };

    private SimHost HostOf(string name) => _world.HostOf(name);

    private int PlaceOf(string name) => HostOf(name).Place.Index;
}
