using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim;

/// <summary>A plan in which nothing goes wrong, to be changed by what a test is about.</summary>
internal static class CalmPlan
{
    public static readonly NetworkOptions Network = new(
        LocalLatency: Duration.FromMilliseconds(1),
        WanLatencyMin: Duration.FromMilliseconds(10),
        WanLatencyMax: Duration.FromMilliseconds(10),
        TailDoublings: 0,
        LossPerMillion: 0,
        DuplicatePerMillion: 0,
        ReorderPerMillion: 0,
        ReorderBy: Duration.FromSeconds(1),
        StragglerPerMillion: 0,
        CorruptPerMillion: 0,
        StallLimit: Duration.FromSeconds(5),
        ConnectTimeout: Duration.FromSeconds(4),
        QueueMax: 100);

    public static readonly DiskOptions Disk = new(
        SyncMin: Duration.FromMilliseconds(1),
        TailDoublings: 0,
        SegmentBytes: 64 * 1024,
        BatchRecordsMax: 4096,
        SealAfter: Duration.FromMilliseconds(20));

    public static readonly HostOptions Host = new(
        BatchMax: 512,
        BatchCost: Duration.Zero,
        BootTime: Duration.FromMilliseconds(10),
        MailboxMax: 4096,
        InvariantsEvery: 1);

    public static readonly WorkloadOptions Workload = new(
        ReportInterval: Duration.FromSeconds(1),
        FailPerThousand: 0,
        HangPerThousand: 0,
        NoStartPerThousand: 0,
        StubbornPerThousand: 0);

    /// <summary>One gate, one datacenter with one manager and one worker of two cores, one client.</summary>
    public static readonly Plan Smallest = new(
        Plan.FormatVersion,
        Seed: 7,
        "test",
        new PlanTopology(1, 1, [new PlanDatacenter("dc-a", 1, [2])], Clients: 1),
        new PlanOptions(
            [], Network, Disk, Host, Workload, GateConfig.Default, ManagerConfig.Default,
            WorkerConfig.Default(1), ClientConfig.Default),
        FaultsEnd: Duration.FromSeconds(60),
        SettleWithin: Duration.FromSeconds(60),
        Faults: [],
        Operations: [],
        Overrides: []);

    public static Plan With(this Plan plan, NetworkOptions network) =>
        plan with { Options = plan.Options with { Network = network } };

    public static Plan With(this Plan plan, HostOptions host) =>
        plan with { Options = plan.Options with { Host = host } };

    public static Plan With(this Plan plan, WorkloadOptions workload) =>
        plan with { Options = plan.Options with { Workload = workload } };

    public static Plan With(this Plan plan, params PlannedFault[] faults) => plan with { Faults = faults };
}
