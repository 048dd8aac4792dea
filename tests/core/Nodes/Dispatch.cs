using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Names, jobs and outcomes that the tests of manager and worker share.</summary>
internal static class Dispatch
{
    public const string Datacenter = "east";

    public static readonly NodeId Gate = NodeId.Of("gate-1");
    public static readonly NodeId OtherGate = NodeId.Of("gate-2");
    public static readonly NodeId Manager = NodeId.Of("east/manager-1");
    public static readonly NodeId Follower = NodeId.Of("east/manager-2");
    public static readonly NodeId Worker1 = NodeId.Of("east/worker-1");
    public static readonly NodeId Worker2 = NodeId.Of("east/worker-2");
    public static readonly NodeId Worker3 = NodeId.Of("east/worker-3");

    public static readonly Topology Cluster = new(
        "test", [Gate, OtherGate], [new DatacenterTopology(Datacenter, [Manager])]);

    /// <summary>With a second manager, who takes part in every commit.</summary>
    public static readonly Topology Pair = Cluster with
    {
        Datacenters = [new DatacenterTopology(Datacenter, [Manager, Follower])],
    };

    public static readonly RunStats Stats = new(10, 1, 0, 1000, LatencyDigest.From([(1500, 9)]), []);

    public static readonly AttemptOutcome Completed = new(
        AttemptState.Completed, "exit code 0", 0, Stats, default);

    public static readonly AttemptOutcome Failed = new(AttemptState.Failed, "exit code 3", 3, Stats, default);

    public static SlotKey Slot(long job = 1, int epoch = 1) => new(new JobId(0, job), 0, epoch);

    public static AttemptKey Attempt(long job = 1, int workflow = 0) => new(Slot(job), workflow, 1);

    public static Duration Seconds(long seconds) => Duration.FromSeconds(seconds);

    /// <summary>A workflow of 10 seconds with a grace of 5.</summary>
    public static WorkflowSpec Workflow(string name = "work", int cores = 1, params int[] dependsOn) => new(
        name, WorkflowKind.Exec, cores, Seconds(10), Seconds(5), null, null, dependsOn, null,
        new ExecSpec(["true"]), null);

    public static JobSpec Job(params WorkflowSpec[] workflows) => new(
        "job", new DatacenterChoice(1, [], []), null, null, null, null, [], workflows);

    /// <summary>A job of one workflow.</summary>
    public static JobSpec Job(int cores = 1) => Job(Workflow(cores: cores));
}
