using System.Diagnostics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>Makes the plan's faults happen at their times, and heals the world at the end of them.</summary>
public sealed class FaultDriver
{
    private readonly World _world;

    // Of faults that have begun.
    private readonly Dictionary<PlannedFault, Lie> _lies = [];

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
            case PlannedFault.SlowTarget slow:
                _world.Coverage.Fired(FaultFamily.SlowTarget);
                _world.Processes.SlowTarget(slow.Datacenter, slow.Times);
                break;
            case PlannedFault.FalseLatencies or PlannedFault.FalseDigests or PlannedFault.FalseGossip:
                BeginLie(fault);
                break;
            case PlannedFault.Pause pause:
                _world.Coverage.Fired(FaultFamily.Pause);
                HostOf(pause.Node).Pause(pause.Length);
                break;
            case PlannedFault.ClockRate or PlannedFault.WallJump:
                _world.Coverage.Fired(FaultFamily.Clock);
                SetClock(fault);
                break;
            default:
                throw new UnreachableException($"unhandled {fault}");
        }
    }

    private void SetClock(PlannedFault fault)
    {
        if (fault is PlannedFault.ClockRate rate) HostOf(rate.Node).SetClockRate(rate.PerThousand);
        if (fault is PlannedFault.WallJump jump) HostOf(jump.Node).Clock.SetWall(jump.Milliseconds);
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
            case PlannedFault.SlowTarget slow:
                _world.Processes.SlowTarget(slow.Datacenter, times: 1);
                break;
            case PlannedFault.FalseLatencies or PlannedFault.FalseDigests or PlannedFault.FalseGossip:
                EndLie(fault);
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

    private void BeginLie(PlannedFault fault)
    {
        _world.Coverage.Fired(fault.Family);
        var lie = _lies[fault] = LieOf(fault);
        foreach (var host in LiarsOf(fault)) host.Lie = lie;
    }

    /// <summary>Whoever tells another lie by now goes on with that.</summary>
    private void EndLie(PlannedFault fault)
    {
        foreach (var host in LiarsOf(fault))
            if (ReferenceEquals(host.Lie, _lies[fault])) host.Lie = null;
    }

    private IEnumerable<SimHost> LiarsOf(PlannedFault fault) => fault switch
    {
        PlannedFault.FalseLatencies lie => _world.Hosts.Where(
            host => host.Place.Role == NodeRole.Manager && host.Place.Datacenter == lie.Datacenter),
        PlannedFault.FalseDigests lie => [HostOf(lie.Worker)],
        PlannedFault.FalseGossip lie => [HostOf(lie.Gate)],
        _ => throw new UnreachableException($"unhandled {fault}"),
    };

    private Lie LieOf(PlannedFault fault) => fault switch
    {
        PlannedFault.FalseLatencies lie => new FalseLatencies(lie.Terrible),
        PlannedFault.FalseDigests lie => new FalseDigests(
            lie.Huge, Rng.Stream(_world.Plan.Seed, "false digests", lie.Worker, (ulong)lie.At.Nanoseconds)),
        PlannedFault.FalseGossip lie => new FalseGossip(
            lie.Terrible, [.. _world.Topology.Datacenters.Select(datacenter => datacenter.Name)]),
        _ => throw new UnreachableException($"unhandled {fault}"),
    };

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
        PlannedFault.FalseDigests told => told.Until,
        PlannedFault.FalseGossip told => told.Until,
        _ => null,
    };

    private SimHost HostOf(string name) => _world.HostOf(name);

    private int PlaceOf(string name) => HostOf(name).Place.Index;
}
