using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Sim.Runs;

/// <summary>Jobs that come one after another to two datacenters that are as far away and as free, of which
/// one answers slowly for a while (AD-42).</summary>
public sealed class SloTests
{
    private const string First = "dc-a";
    private const string Second = "dc-b";

    // Numbers of jobs: one comes each second.
    private const int SlowFrom = 30;
    private const int SlowUntil = 330;
    private const int SustainedFor = 180;

    // A probe brings samples, the slow ones grow old, and then it has to stay well for as long.
    private const int HealsWithin = 100 + 300 + 180 + 20;
    private const int Jobs = SlowUntil + HealsWithin;

    private static readonly Duration SecondLong = Duration.FromSeconds(1);
    private static readonly Duration FirstJob = SecondLong * 10;

    // Of workloads that are not slowed, none takes longer than 16 ms.
    private static readonly SloConfig Slo = SloConfig.Default with { Target = new LatencySlo(10, 20, 40) };

    [Fact]
    public void Jobs_leave_a_datacenter_that_misses_its_targets_while_all_else_looks_well_and_it_comes_back()
    {
        var decisions = Run(new PlannedFault.SlowTarget(
            FirstJob + (SecondLong * SlowFrom), FirstJob + (SecondLong * SlowUntil), First, Times: 100));

        Assert.All(decisions[..SlowFrom], decision => Assert.Equal([First], decision.Primaries));
        var within = SlowFrom + SustainedFor + 30;
        Assert.All(decisions[within..SlowUntil], decision =>
        {
            if (decision.Reason != RoutingReason.Probe) Assert.Equal([Second], decision.Primaries);
            var punished = Candidate(decision);
            Assert.Equal(HealthReason.Slo, punished.HealthReason);
            Assert.True(punished.Capacity.Health >= DatacenterHealth.Busy);
            Assert.Equal(DatacenterHealth.Healthy, punished.HealthWithoutSlo);
        });
        Assert.Contains(decisions[within..], decision => decision.Reason == RoutingReason.Probe);
        Assert.Equal(DatacenterHealth.Healthy, Candidate(decisions[^1]).Capacity.Health);
        Assert.Equal([First], decisions[^1].Primaries);
    }

    [Fact]
    public void A_surge_that_is_over_before_it_has_lasted_moves_no_job()
    {
        var decisions = Run(new PlannedFault.SlowTarget(
            FirstJob + (SecondLong * SlowFrom), FirstJob + (SecondLong * (SlowFrom + 10)), First, Times: 3));

        Assert.All(decisions[..SlowUntil], decision =>
            Assert.Equal(DatacenterHealth.Healthy, Candidate(decision).Capacity.Health));
    }

    [Fact]
    public void The_percentiles_of_64_workers_are_within_a_hundredth_of_the_exact_ranks()
    {
        var workflows = Enumerable.Repeat(Http(1, 3), 64);
        var calm = CalmPlan.Smallest.With(CalmPlan.Host with { InvariantsEvery = 100 });
        var world = new World(calm with
        {
            Topology = new PlanTopology(
                1, 1, [new PlanDatacenter(First, 1, [.. Enumerable.Repeat(1, 64)])], Clients: 1),
            Operations = [new PlannedOperation.Submit(
                FirstJob, Client: 0, Job("wide", [.. workflows]), Watches: false)],
        });
        world.Run();

        var gate = (GateNode)world.HostOf("gate-1").Node!;
        var job = Assert.Single(gate.Ledger.All);
        var results = job.Slots[0].Outcome!.Workflows;
        Assert.Equal(64, results.Count);
        var total = RunStats.Sum(results.Select(result => result.Outcome.Stats)).Latency;
        var exact = results
            .Select(result => world.Processes.Of(
                new AttemptKey(new SlotKey(job.Id, 0, 1), result.Workflow, 1)))
            .SelectMany(processes => Assert.Single(processes).Behaviour.Latencies(
                0, processes[0].Latency.Count, times: 1))
            .OrderBy(pair => pair.Microseconds).ToList();

        Assert.Equal(exact.Sum(pair => pair.Count), total.Count);
        foreach (var perMillion in new[] { 500_000, 950_000, 990_000 })
        {
            var found = total.Quantile(perMillion).Nanoseconds / 1_000.0;
            var below = exact.Where(pair => pair.Microseconds < found).Sum(pair => pair.Count);
            var upTo = exact.Where(pair => pair.Microseconds <= found).Sum(pair => pair.Count);
            var wanted = perMillion / 1e6 * total.Count;
            Assert.InRange(wanted, below - (0.01 * total.Count), upTo + (0.01 * total.Count));
        }
    }

    private static DatacenterCandidate Candidate(RoutingDecision decision) =>
        decision.View.Datacenters.Single(candidate => candidate.Name.Text == First);

    /// <summary>What the gate decided about each job in turn; the last is of another class.</summary>
    private static List<RoutingDecision> Run(PlannedFault fault)
    {
        var jobs = Enumerable.Range(0, Jobs).Select(i => new PlannedOperation.Submit(
            FirstJob + (SecondLong * i), Client: 0,
            Job($"job-{i}", [Http(i == Jobs - 1 ? 4 : 1, 1)]), Watches: false));
        var calm = CalmPlan.Smallest.With(fault);
        var world = new World(calm with
        {
            Options = calm.Options with
            {
                Gate = GateConfig.Default with { Slo = Slo },
                Manager = ManagerConfig.Default with { Slo = Slo },
                Host = CalmPlan.Host with { InvariantsEvery = 100 },
            },
            Topology = new PlanTopology(
                1, 1, [new PlanDatacenter(First, 1, [64]), new PlanDatacenter(Second, 1, [64])], Clients: 1),
            FaultsEnd = FirstJob + (SecondLong * (Jobs + 10)),
            Operations = [.. jobs],
        });

        world.Run();

        var node = (GateNode)world.HostOf("gate-1").Node!;
        return [.. world.Clients.Accepted.Keys.Select(job => node.RoutingOf(job)!)];
    }

    private static PlannedJob Job(string name, IReadOnlyList<PlannedWorkflow> workflows) =>
        new(name, 1, [], [], null, null, null, workflows);

    private static PlannedWorkflow Http(int cores, int seconds) =>
        new(WorkflowKind.Http, cores, SecondLong * seconds, SecondLong * 10, []);
}
