using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Resources;

/// <summary>Arbitrary states of resources, all within their bounds, as they are after a journey.</summary>
internal static class ResourceGens
{
    // Few names and versions, so that they meet. One version of a state has one content.
    private static readonly Gen<NodeId> Node = Gen.Int[0, 5].Select(i => NodeId.Of($"n{i}"));

    private static readonly Gen<StateVersion> Version =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 5], (life, number) => new StateVersion(life, number));

    public static readonly Gen<Duration> Age = Gen.Int[0, 20_000].Select(ms => Duration.FromMilliseconds(ms));

    public static readonly Gen<ResourceUsage> Usage = Gen.Select(
        Gen.Int[0, 10_000_000], Gen.Int[0, 100_000], Gen.Long[0, 1L << 40], Gen.Long[0, 1L << 30],
        (cpu, cpuSpread, memory, spread) =>
            new ResourceUsage(cpu / 1000.0, cpuSpread / 1000.0, memory, spread));

    public static readonly Gen<VersionVector> Vector = Gen.Select(Node, Version).List[0, 5].Select(entries =>
        new VersionVector([.. entries.DistinctBy(e => e.Item1).OrderBy(e => e.Item1)]));

    public static readonly Gen<ClusterResources> Cluster = Gen.Select(
        Vector, Gen.Int[0, 100], Gen.Int[0, 100], Gen.Long[0, 1000], Usage, Gen.Long[0, 1L << 42],
        (vector, workers, over, cores, usage, memory) =>
            new ClusterResources(vector, workers, over, cores, usage, memory));

    /// <summary>Views in which one version of a manager's, or of a worker's, is always the same.</summary>
    public static readonly Gen<ManagerLocalView> View = Gen.Select(
        Node, Version, (manager, version) => ViewOf(manager, version));

    public static readonly Gen<ManagerLocalView> AnyView = Gen.Select(View, Age, Usage, (view, age, usage) =>
        view with { Age = age, Self = usage });

    public static readonly Gen<HealthRecord> Health = Gen.Select(
        Node, Version, Gen.Int[0, 1000], Gen.Int[0, 1000], Age,
        (node, version, cpu, memory, age) => new HealthRecord(node, version, cpu, memory, age));

    private static readonly Gen<List<KillSample>> Samples = Gen.Select(
        Gen.Long[0, 100_000], Gen.Long[0, 1L << 50], Gen.Long[0, 1L << 50], Gen.Long[0, 1L << 40],
        (age, raw, filtered, spread) => new KillSample(age, raw, filtered, spread))
        .List[0, ResourceKill.SamplesMax];

    private static readonly Gen<List<GuardMove>> Moves = Gen.Select(
        Gen.Enum<GuardLevel>(), Gen.Enum<GuardLevel>(), Gen.Long[0, 100_000],
        (before, after, age) => new GuardMove(before, after, age)).List[0, ResourceKill.MovesMax];

    private static readonly Gen<string> Enforcer =
        Gen.String[Gen.Char['a', 'z'], 0, ResourceKill.EnforcerLengthMax];

    public static readonly Gen<ResourceKill> Kill =
        from violation in Gen.Enum<GuardDimension>()
        from limits in Gen.Long[0, 1L << 50].Array[4]
        from samples in Samples
        from moves in Moves
        from processes in Gen.Int[0, 1000]
        from isKilled in Gen.Bool
        from enforcer in Enforcer
        select new ResourceKill(
            violation, limits[0], limits[1], limits[2], limits[3], samples, moves, processes, isKilled)
        {
            Enforcer = enforcer,
        };

    public static readonly Gen<WorkerResourceReport> Report =
        from cores in Gen.Int[1, 4096]
        from total in Usage
        from memory in Gen.Long[0, 1L << 42]
        from processes in Gen.Int[0, 100_000]
        from workflows in Gen.Select(
            Gen.Int[0, 100], Gen.Int[0, 3], Gen.Int[0, 255], Gen.Enum<GuardLevel>(), Usage,
            (op, slot, workflow, level, usage) =>
                new WorkflowUsage(new JobId(1, op), slot, workflow, level, usage)).List[0, 5]
        from reason in Gen.String[Gen.Char['a', 'z'], 0, 20].Null()
        from enforcer in Enforcer
        select new WorkerResourceReport(cores, total, memory, processes, workflows, reason)
        {
            Enforcer = enforcer,
        };

    private static ManagerLocalView ViewOf(NodeId manager, StateVersion version)
    {
        var rng = Rng.Stream(7, "view", manager.Name, (ulong)((version.Life * 100) + version.Number));
        var workers = new SortedDictionary<NodeId, WorkerAggregate>();
        for (var i = rng.Below(6); i > 0; i--)
        {
            var (worker, number) = (NodeId.Of($"w{rng.Below(8)}"), rng.Below(6));
            var draw = Rng.Stream(8, "worker", worker.Name, (ulong)number);
            workers[worker] = new WorkerAggregate(
                worker, number, (int)draw.Between(1, 64),
                new ResourceUsage(
                    draw.Below(6400), draw.Below(10), draw.Below(1L << 36), draw.Below(1L << 20)),
                1L << 36, draw.Chance(1, 4));
        }

        return new ManagerLocalView(manager, version, default, [.. workers.Values], Duration.Zero);
    }
}
