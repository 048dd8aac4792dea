using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>One checker, shown what a correct cluster would never do.</summary>
internal sealed class CheckerBench
{
    public const string Gate = "gate-1";
    public const string Manager = "dc-a/manager-1";
    public const string Worker = "dc-a/worker-1";
    public const string OtherWorker = "dc-b/worker-1";
    public const string Client = "client-1";

    public static readonly JobId Job = new(0, 1);
    public static readonly SlotKey Slot = new(Job, 0, 1);
    public static readonly AttemptKey Attempt = new(Slot, 0, 1);

    private static readonly Plan TwoDatacenters = CalmPlan.Smallest with
    {
        Topology = new PlanTopology(
            1, 1, [new PlanDatacenter("dc-a", 1, [2]), new PlanDatacenter("dc-b", 1, [2])], Clients: 1),
    };

    public CheckerBench(Checker checker, Plan? plan = null)
    {
        Checker = checker;
        Nodes = new ScriptedWorld(plan ?? TwoDatacenters, checker);
    }

    public Checker Checker { get; }

    public ScriptedWorld Nodes { get; }

    public World World => Nodes.World;

    public SimHost Host(string name) => World.HostOf(name);

    public CheckerBench Run(int seconds = 1)
    {
        Nodes.RunFor(Duration.FromSeconds(seconds));
        return this;
    }

    /// <summary>What the checker says when something is done.</summary>
    public string Breaks(Action act)
    {
        var failure = Assert.Throws<CheckFailedException>(act);
        Assert.Equal(Checker.Name, failure.Checker);
        return failure.Message;
    }

    public string BreaksWhenRun(int seconds = 1) => Breaks(() => Run(seconds));

    /// <summary>A client gets an answer to something it asked at a time.</summary>
    public void Answer(ClientResponse response, Instant? askedAt = null) => Checker.OnAnswer(
        Host(Client), new ClientRequest.GetJob(Job), response, askedAt ?? World.Now);

    public static NodeEffect Start(AttemptKey? attempt = null, int cores = 1, params int[] dependsOn) =>
        new NodeEffect.StartWorkload(attempt ?? Attempt, Workflow(cores, dependsOn));

    public static WorkflowSpec Workflow(int cores = 1, params int[] dependsOn) => new(
        "work", WorkflowKind.Http, cores, Duration.FromSeconds(2), Duration.FromSeconds(1),
        Vus: 1, Rate: null, dependsOn,
        new HttpSpec("GET", "http://target.test/", [], null, [200], Duration.FromSeconds(1)),
        Exec: null, Budget: null);

    public static JobSpec Spec(int count = 1) => new(
        "job", new DatacenterChoice(count, [], []), null, null, null, null, [], [Workflow()]);

    public static JobStatus Status(
        JobState state, string reason = "because", params SlotStatus[] slots) => new(
        Job, Spec(), state, reason, 1, new WallTime(0),
        state < JobState.Completed ? null : new WallTime(1), slots);

    public static SlotStatus Ended(AttemptOutcome outcome, int attempts = 1, string worker = Worker) => new(
        0, "dc-a", SlotPhase.Reported, "", new SlotOutcome(
            SlotState.Completed, "", [new WorkflowResult(0, attempts, worker, outcome)]), []);

    public static AttemptOutcome Completed(RunStats stats) =>
        new(AttemptState.Completed, "exit code 0", 0, stats, default);
}
