using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Capacity;

/// <summary>Arbitrary work of one manager, with times in whole seconds.</summary>
internal static class CapacityGens
{
    /// <summary>Cores, and what runs on at most so many of them.</summary>
    public static readonly Gen<(int Total, List<ActiveDispatch> Active)> Running =
        Gen.Select(Gen.Int[1, 40], Gen.Select(Gen.Int[1, 12], Gen.Int[0, 90], Gen.Int[0, 120]).List[0, 12])
            .Select((total, work) =>
            {
                var active = new List<ActiveDispatch>();
                var used = 0;
                foreach (var (cores, duration, elapsed) in work)
                {
                    if (used + cores > total) continue;
                    used += cores;
                    active.Add(Work(cores, duration, elapsed));
                }

                return (total, active);
            });

    public static readonly Gen<List<PendingWorkflow>> Waiting =
        Gen.Select(Gen.Int[1, 20], Gen.Int[0, 90])
            .Select((cores, duration) => new PendingWorkflow(cores, Duration.FromSeconds(duration)))
            .List[0, 12];

    /// <summary>Whatever a manager may report.</summary>
    public static readonly Gen<HeartbeatCapacity> Heartbeat = Gen.Select(Running, Waiting)
        .Select((running, waiting) =>
            HeartbeatCapacity.Of(running.Total, running.Active, waiting, Instant.Zero));

    /// <summary>Whatever a gate may tell of what it dispatched.</summary>
    public static readonly Gen<DebitReport> Debits =
        from gate in Gen.Int[0, 3]
        from incarnation in Gen.Long[0, 9]
        from revision in Gen.Long[0, 99]
        from shares in Gen.Select(
                Gen.Int[0, 3], Gen.Long[0, 9], Gen.Long[0, 9], Gen.Long[0, 99], Gen.Int[1, 64])
            .Select((place, view, start, version, cores) => new DebitShare(
                DatacenterName.Of($"dc-{place}"), NodeId.Of($"dc-{place}/manager-1"), view, start, version,
                cores)).List[0, 5]
        select new DebitReport(NodeId.Of($"gate-{gate}"), incarnation, revision, shares);

    public static ActiveDispatch Work(int cores, int duration, int elapsed, int timeout = 20) => new(
        new JobId(0, 1), 0, NodeId.Of("w"), cores, Instant.Zero - Duration.FromSeconds(elapsed),
        Duration.FromSeconds(duration), Duration.FromSeconds(timeout));

    public static Duration? Seconds(int? seconds) =>
        seconds is { } value ? Duration.FromSeconds(value) : null;
}
