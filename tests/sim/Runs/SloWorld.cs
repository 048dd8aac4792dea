using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Sim.Runs;

/// <summary>Two datacenters that are as far away and as free, and jobs that come at given seconds.</summary>
internal static class SloWorld
{
    public const string First = "dc-a";
    public const string Second = "dc-b";

    public static readonly Duration SecondLong = Duration.FromSeconds(1);
    public static readonly Duration FirstJob = SecondLong * 10;

    // How long p95 or p99 is bad before a datacenter is degraded.
    public const int SustainedFor = 30;

    // Of workloads that are not slowed, none takes longer than 16 ms. All that takes time takes a sixth of
    // it.
    public static readonly SloConfig Config = SloConfig.Default with
    {
        Target = new LatencySlo(10, 20, 40),
        WindowDuration = SecondLong * 10,
        EvaluationWindow = SecondLong * 50,
        Busy = new SloRule(1.5, SecondLong * 10),
        DegradedByP95 = new SloRule(2, SecondLong * SustainedFor),
        DegradedByP99 = new SloRule(3, SecondLong * SustainedFor),
        Unhealthy = new SloRule(5, SecondLong * 50),
    };

    // What results teach would move jobs sooner, before there are latencies to judge by.
    public static readonly GateConfig LearnsNothing = GateConfig.Default with
    {
        Routing = AdaptiveRoutingConfig.Default with { IsEnabled = false },
    };

    public static DatacenterCandidate Candidate(RoutingDecision decision, string datacenter = First) =>
        decision.View.Datacenters.Single(candidate => candidate.Name.Text == datacenter);

    public static DatacenterHealth HealthOf(RoutingDecision decision, string datacenter = First) =>
        Candidate(decision, datacenter).Capacity.Health;

    public static Duration TimeOf(LedgerJob job) => job.Ended!.Value - job.Submitted;

    public static Duration At(int second) => FirstJob + (SecondLong * second);

    public static PlannedFault.SlowTarget Slow(int from, int until, string datacenter, int times) =>
        new(At(from), At(until), datacenter, times);

    public static IEnumerable<int> EachSecond(int jobs) => Enumerable.Range(0, jobs);

    /// <summary>What the gate decided about each job in turn; the last is of another class.</summary>
    public static List<RoutingDecision> DecisionsOf(World world)
    {
        world.Run();
        var node = GateOf(world);
        return [.. world.Clients.Accepted.Keys.Select(job => node.RoutingOf(job)!)];
    }

    public static GateNode GateOf(World world) => (GateNode)world.HostOf("gate-1").Node!;

    /// <param name="seconds">At which a job comes.</param>
    public static World WorldOf(
        SloConfig slo,
        IReadOnlyList<int> seconds,
        int workerCores,
        int managers,
        GateConfig gate,
        params PlannedFault[] faults) =>
        WorldOf(slo, seconds, workerCores, managers, gate, [], faults);

    /// <inheritdoc cref="WorldOf(SloConfig, IReadOnlyList{int}, int, int, GateConfig, PlannedFault[])"/>
    /// <param name="watching">Beside all rules.</param>
    public static World WorldOf(
        SloConfig slo,
        IReadOnlyList<int> seconds,
        int workerCores,
        int managers,
        GateConfig gate,
        IReadOnlyList<Checker> watching,
        params PlannedFault[] faults) => new(
            PlanOf(slo, seconds, workerCores, managers, gate, faults),
            checkers: [.. AllCheckers.Create(), .. watching]);

    public static Plan PlanOf(
        SloConfig slo,
        IReadOnlyList<int> seconds,
        int workerCores,
        int managers,
        GateConfig gate,
        params PlannedFault[] faults)
    {
        var jobs = seconds.Select((second, i) => new PlannedOperation.Submit(
            At(second), Client: 0,
            Job($"job-{i}", [Http(i == seconds.Count - 1 ? 3 : 1, 1)]), Watches: false));
        var calm = CalmPlan.Smallest.With(faults);
        return calm with
        {
            Options = calm.Options with
            {
                Gate = gate with { Slo = slo },
                Manager = ManagerConfig.Default with { Slo = slo },
                Host = CalmPlan.Host with { InvariantsEvery = 100 },
            },
            Topology = new PlanTopology(
                1, 1,
                [
                    new PlanDatacenter(First, managers, [workerCores]),
                    new PlanDatacenter(Second, managers, [workerCores]),
                ],
                Clients: 1),
            FaultsEnd = At(seconds[^1] + 10),
            Operations = [.. jobs],
        };
    }

    public static PlannedJob Job(string name, IReadOnlyList<PlannedWorkflow> workflows) =>
        new(name, 1, [], [], null, null, null, workflows);

    public static PlannedWorkflow Http(int cores, int seconds) =>
        new(WorkflowKind.Http, cores, SecondLong * seconds, SecondLong * 10, []);
}

/// <summary>What managers told gates of latencies.</summary>
internal sealed class Reports() : Checker("reports", CheckerViews.Sent)
{
    public List<DatacenterSlo> Told { get; } = [];

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (message is Message.ManagerHeartbeat { Slo: { } slo }) Told.Add(slo);
    }
}
