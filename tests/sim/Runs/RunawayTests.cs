using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Mutation;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Runs;

namespace Hyperscale.Det.Tests.Sim.Runs;

/// <summary>All shapes of runaways, on hosts of every kind: every rule holds, and every trouble
/// that a host can have happens.</summary>
public sealed class RunawayTests
{
    private static readonly WorkloadOptions Runaways = CalmPlan.Workload with { RunawayPerThousand = 1000 };

    private static readonly WorkloadOptions Missing =
        Runaways with { MissedKillPerThousand = 700, StubbornPerThousand = 1000 };

    [Fact]
    public void Guards_hold_and_kill_where_processes_are_listed_and_paused() => Meets(
        Runaways with { ProcessReadingPerThousand = 1000, PausePerThousand = 1000 },
        Probe.WorkloadRanAway, Probe.GuardWarned, Probe.GuardThrottled, Probe.GuardKilled,
        Probe.GuardForcedTheEnd, Probe.GuardHeldAHog, Probe.ZombieSeen, Probe.OrphanAdopted);

    [Fact]
    public void Guards_hold_and_kill_where_a_group_is_summed_up_and_has_a_quota() => Meets(
        Runaways, Probe.GuardWarned, Probe.GuardThrottled, Probe.GuardKilled, Probe.GuardHeldAHog);

    [Fact]
    public void Guards_kill_what_a_host_does_not_hold() => Meets(
        Runaways with { LooseThrottlePerThousand = 1000 }, Probe.GuardKilledForCpu);

    [Fact]
    public void Guards_kill_again_until_those_that_were_missed_are_gone() => Meets(
        Missing, Probe.ProcessMissedByKill, Probe.GuardForcedTheEnd);

    [Fact]
    public void A_guard_that_kills_once_and_never_looks_again_is_noticed()
    {
        var file = Path.Combine(AppContext.BaseDirectory, $"{nameof(RunawayTests)}.json");
        File.WriteAllText(file, PlanFile.Write(PlanWith(Missing)));
        var mutant = MutantShelf.Named("guards-look-once-whether-anything-is-left")!;

        var simulator = MutatedSimulator.Load(mutant, out _)!;
        Assert.Equal(1, simulator.Invoke(["replay", "--plan", file], mutant.Name));
    }

    [Fact]
    public void Members_hear_of_nodes_that_use_nearly_all_of_their_machines() => Meets(
        PlanWith(Runaways) with
        {
            Topology = PlanWith(Runaways).Topology with { Gates = 3 },
            Options = PlanWith(Runaways).Options with
            {
                Host = CalmPlan.Host with
                {
                    LookInterval = Duration.FromSeconds(1),
                    PressedPerThousand = 300,
                },
            },
        },
        Probe.MemberPressed, Probe.MemberRelieved);

    [Fact]
    public void Guards_go_by_the_samples_that_come() => Meets(
        Runaways with { LostSamplePerThousand = 300, LateSamplePerThousand = 300 },
        Probe.SampleLost, Probe.SampleLate, Probe.GuardKilled);

    private static void Meets(WorkloadOptions options, params Probe[] probes) =>
        Meets(PlanWith(options), probes);

    private static void Meets(Plan plan, params Probe[] probes)
    {
        var result = PlanRunner.Run(plan);

        Assert.Null(result.Failure);
        Assert.All(probes, probe => Assert.True(result.Coverage.Count(probe) > 0, $"{probe}"));
    }

    private static Plan PlanWith(WorkloadOptions options)
    {
        var calm = CalmPlan.Smallest;
        var work = new PlannedWorkflow(
            WorkflowKind.Exec, 1, Duration.FromSeconds(30), Duration.FromSeconds(1), []);
        return calm with
        {
            Topology = calm.Topology with
            {
                Datacenters = [new PlanDatacenter("dc-a", 1, [4, 4, 4, 4, 4, 4])],
            },
            Options = calm.Options with
            {
                Workload = options,
                Worker = calm.Options.Worker with
                {
                    Resources = ResourceConfig.Default with
                    {
                        SampleInterval = Duration.FromMilliseconds(500),
                        GracePeriod = Duration.FromSeconds(2),
                    },
                },
            },
            FaultsEnd = Duration.FromSeconds(90),
            Operations =
            [
                new PlannedOperation.Submit(
                    Duration.FromSeconds(5), 0,
                    new PlannedJob(
                        "job-0", Datacenters: 1, [], [], null, null, null, [.. Enumerable.Repeat(work, 24)]),
                    Watches: true),
            ],
        };
    }
}
