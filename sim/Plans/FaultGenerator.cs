using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>Draws the faults that have a time: each family and each fault of it from a stream of its own.
/// </summary>
internal sealed class FaultGenerator
{
    private static readonly Duration FirstFault = Duration.FromSeconds(1);

    // A family of intensity 1 strikes about once in this time.
    private static readonly Duration Beat = Duration.FromSeconds(12);

    private static readonly CrashPoint[] AnyNodes =
    [
        CrashPoint.Anywhere, CrashPoint.DuringSync, CrashPoint.BetweenEffects, CrashPoint.WithEffectsHeld,
    ];

    private readonly ulong _seed;
    private readonly Duration _end;
    private readonly PlanTopology _topology;
    private readonly IReadOnlyList<string> _all;
    private readonly IReadOnlyList<string> _servers;
    private readonly IReadOnlyList<string> _clients;
    private readonly IReadOnlyList<string> _gates;
    private readonly IReadOnlyList<string> _managers;
    private readonly IReadOnlyList<string> _workers;
    private readonly IReadOnlyList<string> _disks;

    private FaultGenerator(ulong seed, Profile profile, PlanTopology topology)
    {
        (_seed, _end, _topology) = (seed, profile.FaultsEnd, topology);
        _all = [.. WorldNames.Of(topology)];
        _clients = [.. Enumerable.Range(0, topology.Clients).Select(WorldNames.Client)];
        _servers = [.. _all.Except(_clients)];
        _gates = [.. Enumerable.Range(0, topology.Gates).Select(WorldNames.Gate)];
        _managers =
        [
            .. topology.Datacenters.SelectMany(dc =>
                Enumerable.Range(0, dc.Managers).Select(i => WorldNames.Manager(dc.Name, i))),
        ];
        _workers = [.. _servers.Except(_gates).Except(_managers)];
        _disks = [.. _gates, .. _managers];
    }

    public static IReadOnlyList<PlannedFault> Generate(
        ulong seed, Profile profile, PlanTopology topology, IReadOnlyDictionary<FaultFamily, int> families)
    {
        var generator = new FaultGenerator(seed, profile, topology);
        var faults = new List<PlannedFault>();
        foreach (var (family, intensity) in families) faults.AddRange(generator.OfFamily(family, intensity));
        return faults;
    }

    private IEnumerable<PlannedFault> OfFamily(FaultFamily family, int intensity)
    {
        var count = Math.Max(1, _end.Nanoseconds * intensity / Beat.Nanoseconds);
        for (var i = 0; i < count; i++)
        {
            var rng = Rng.Stream(_seed, "fault", family.ToString(), (ulong)i);
            var at = rng.Between(FirstFault, _end);
            if (OneOf(family, at, rng) is not { } fault) continue;
            yield return fault is PlannedFault.Partition partition ? Prolonged(partition, i) : fault;
        }
    }

    /// <summary>One fault of the family; null for families that are chances, not times.</summary>
    private PlannedFault? OneOf(FaultFamily family, Duration at, Rng rng) => family switch
    {
        FaultFamily.Partition => PartitionAt(at, rng),
        FaultFamily.ConnectionLoss => ConnectionLossAt(at, rng),
        FaultFamily.Crash => CrashOf(rng.Pick(_servers), AnyNodes, at, rng),
        FaultFamily.ClientCrash => CrashOf(rng.Pick(_clients), AnyNodes, at, rng),
        FaultFamily.Handover => rng.Chance(1, 2)
            ? CrashOf(rng.Pick(_managers), [CrashPoint.RetryGranted], at, rng)
            : CrashOf(rng.Pick(_gates), [CrashPoint.LastResultProposed], at, rng),
        FaultFamily.DiskStall => new PlannedFault.DiskStall(
            at, at + Length(rng), rng.Pick(_disks),
            rng.Between(Duration.FromMilliseconds(5), Duration.FromSeconds(1))),
        FaultFamily.DiskError => new PlannedFault.DiskError(at, rng.Pick(_disks), Restart(rng)),
        FaultFamily.DiskLoss => new PlannedFault.DiskLoss(
            at, rng.Pick(_disks), rng.Pick(Enum.GetValues<DiskLossKind>()), Restart(rng)),
        FaultFamily.SlowProcess => new PlannedFault.SlowProcess(
            at, at + Length(rng), rng.Pick(_servers),
            rng.Between(Duration.FromMilliseconds(1), Duration.FromMilliseconds(300))),
        FaultFamily.SlowTarget => new PlannedFault.SlowTarget(
            at, at + (Length(rng) * 10), rng.Pick(_topology.Datacenters).Name, (int)rng.Between(2, 1000)),
        FaultFamily.Pause => new PlannedFault.Pause(at, rng.Pick(_all), Length(rng)),
        FaultFamily.Clock => ClockFaultAt(at, rng),
        // The rest of this family is a chance.
        FaultFamily.Corruption => rng.Chance(1, 3)
            ? new PlannedFault.FalseLatencies(
                at, at + Length(rng), rng.Pick(_topology.Datacenters).Name, Terrible: rng.Chance(1, 2))
            : FalseWordAt(at, rng),
        FaultFamily.Latency or FaultFamily.Loss or FaultFamily.Duplication or FaultFamily.Reordering
            or FaultFamily.Workload or FaultFamily.Runaway => null,
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {family}"),
    };

    private PlannedFault? FalseWordAt(Duration at, Rng rng) => rng.Below(4) switch
    {
        0 => new PlannedFault.FalseDigests(at, at + Length(rng), rng.Pick(_workers), Huge: rng.Chance(1, 3)),
        1 => new PlannedFault.FalseGossip(at, at + Length(rng), rng.Pick(_gates), rng.Chance(1, 2)),
        _ => null,
    };

    private PlannedFault.Partition PartitionAt(Duration at, Rng rng)
    {
        var oneWay = rng.Chance(1, 3);
        var until = at + Length(rng);
        IReadOnlyList<string> side = rng.Below(3) switch
        {
            0 => [rng.Pick(_all)],
            1 => InDatacenter(rng.Pick(_topology.Datacenters)),
            _ => [.. _all.Where(_ => rng.Chance(1, 2))],
        };
        return new PlannedFault.Partition(at, until, side, [.. _all.Except(side)], oneWay);
    }

    /// <summary>Some last longer than anybody waits for an answer.</summary>
    private PlannedFault.Partition Prolonged(PlannedFault.Partition partition, long number)
    {
        var rng = Rng.Stream(_seed, "long partition", "", (ulong)number);
        return rng.Chance(1, 4)
            ? partition with
            {
                Until = partition.Until + rng.Between(Duration.FromSeconds(20), Duration.FromSeconds(60)),
            }
            : partition;
    }

    private PlannedFault.ConnectionLoss ConnectionLossAt(Duration at, Rng rng)
    {
        var a = rng.Pick(_all);
        return new PlannedFault.ConnectionLoss(at, a, rng.Pick([.. _all.Where(name => name != a)]));
    }

    private static PlannedFault.Crash CrashOf(string node, CrashPoint[] points, Duration at, Rng rng) => new(
        at,
        node,
        rng.Pick(points),
        rng.Pick(Enum.GetValues<CrashExtent>()),
        Restart(rng));

    private PlannedFault ClockFaultAt(Duration at, Rng rng) => rng.Chance(1, 2)
        ? new PlannedFault.ClockRate(at, rng.Pick(_all), (int)rng.Between(950, 1050))
        : new PlannedFault.WallJump(at, rng.Pick(_all), rng.Between(-3_600_000, 3_600_000));

    private static Duration Length(Rng rng) => rng.Below(3) switch
    {
        0 => rng.Between(Duration.FromMilliseconds(50), Duration.FromSeconds(1)),
        1 => rng.Between(Duration.FromSeconds(1), Duration.FromSeconds(6)),
        _ => rng.Between(Duration.FromSeconds(6), Duration.FromSeconds(25)),
    };

    private static Duration Restart(Rng rng) => rng.Chance(1, 2)
        ? rng.Between(Duration.FromMilliseconds(10), Duration.FromSeconds(1))
        : rng.Between(Duration.FromSeconds(1), Duration.FromSeconds(20));

    private IReadOnlyList<string> InDatacenter(PlanDatacenter datacenter) =>
        [.. _servers.Where(name => name.StartsWith(datacenter.Name + "/", StringComparison.Ordinal))];
}
