using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>Whether a plan that someone wrote or edited makes sense.</summary>
public static class PlanCheck
{
    private const int NodesMax = 1000;

    /// <summary>The first fault found; null without one.</summary>
    public static string? Fault(Plan plan)
    {
        var topology = plan.Topology;
        if (topology.Gates < 1) return "topology.gates: at least 1 is needed";
        if (topology.Datacenters.Count < 1) return "topology.datacenters: at least 1 is needed";
        if (topology.Datacenters.Any(dc => dc.Managers < 1))
            return "topology.datacenters: each needs at least 1 manager";
        if (topology.LedgerGroups is < 1 or > 1024) return "topology.ledgerGroups: 1 to 1024 are allowed";
        var names = WorldNames.Of(topology).ToList();
        if (names.Count > NodesMax) return $"topology: {names.Count} nodes; at most {NodesMax} are allowed";
        return names.FirstOrDefault(name => !NodeId.IsValid(name)) is { } bad
            ? $"topology: '{bad}' is no node name"
            : FaultOfNames(plan, [.. names]) ?? FaultOfOperations(plan);
    }

    private static string? FaultOfNames(Plan plan, HashSet<string> names)
    {
        var named = plan.Faults.SelectMany(NodesOf)
            .Concat(plan.Overrides.SelectMany(change => new[] { change.From, change.To }));
        return named.FirstOrDefault(name => !names.Contains(name)) is { } unknown
            ? $"'{unknown}' is no node of the plan's topology"
            : null;
    }

    private static string? FaultOfOperations(Plan plan)
    {
        for (var i = 0; i < plan.Operations.Count; i++)
        {
            var operation = plan.Operations[i];
            if (operation.Client < 0 || operation.Client >= plan.Topology.Clients)
                return $"operations[{i}].client: 0 to {plan.Topology.Clients - 1} are allowed";
            var of = operation switch
            {
                PlannedOperation.Repeat repeat => repeat.JobOf,
                PlannedOperation.Cancel cancel => cancel.JobOf,
                PlannedOperation.Get get => get.JobOf,
                _ => i,
            };
            if (of < 0 || of >= plan.Operations.Count) return $"operations[{i}].jobOf: no such operation";
            if (of != i && plan.Operations[of] is not PlannedOperation.Submit)
                return $"operations[{i}].jobOf: operation {of} submits nothing";
            var key = (operation as PlannedOperation.Submit)?.Key;
            if (key is not null && !IdempotencyKey.TryParse(key, out _))
                return $"operations[{i}].key: '{key}' is none; {IdempotencyKey.Grammar} are allowed";
            if (operation is PlannedOperation.Repeat
                && plan.Operations[of] is not PlannedOperation.Submit { Key: not null })
                return $"operations[{i}].jobOf: operation {of} has no key to repeat";
        }

        return null;
    }

    private static IEnumerable<string> NodesOf(PlannedFault fault) => fault switch
    {
        PlannedFault.Partition partition => partition.From.Concat(partition.To),
        PlannedFault.ConnectionLoss loss => [loss.A, loss.B],
        PlannedFault.Crash crash => [crash.Node],
        PlannedFault.DiskStall stall => [stall.Node],
        PlannedFault.DiskError error => [error.Node],
        PlannedFault.DiskLoss loss => [loss.Node],
        PlannedFault.SlowProcess slow => [slow.Node],
        PlannedFault.Pause pause => [pause.Node],
        PlannedFault.ClockRate rate => [rate.Node],
        PlannedFault.WallJump jump => [jump.Node],
        PlannedFault.SlowTarget slow => [$"{slow.Datacenter}/manager-1"],
        PlannedFault.FalseLatencies told => [$"{told.Datacenter}/manager-1"],
        PlannedFault.FalseDigests told => [told.Worker],
        PlannedFault.FalseGossip told => [told.Gate],
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {fault}"),
    };
}
