using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>Everything that makes a run: a seed generates it, a file holds it, and a run follows it
/// alone.</summary>
/// <param name="Format">Version of the file's form.</param>
/// <param name="FaultsEnd">When the world heals: from then on nothing goes wrong any more.</param>
/// <param name="SettleWithin">How long after that everything accepted may take to end.</param>
public sealed record Plan(
    int Format,
    ulong Seed,
    string Profile,
    PlanTopology Topology,
    PlanOptions Options,
    Duration FaultsEnd,
    Duration SettleWithin,
    IReadOnlyList<PlannedFault> Faults,
    IReadOnlyList<PlannedOperation> Operations,
    IReadOnlyList<DeliveryOverride> Overrides)
{
    public const int FormatVersion = 1;
}

/// <summary>The nodes of a world; their names follow from the numbers.</summary>
public sealed record PlanTopology(
    int Gates, int LedgerGroups, IReadOnlyList<PlanDatacenter> Datacenters, int Clients)
{
    /// <summary>Whether enough datacenters have a worker for every workflow of a job.</summary>
    public bool Fits(JobSpec job)
    {
        var cores = job.Workflows.Max(workflow => workflow.Cores);
        var only = job.Datacenters.Only;
        var large = Datacenters
            .Count(dc => (only.Count == 0 || only.Contains(dc.Name)) && dc.WorkerCores.Max() >= cores);
        return large >= job.Datacenters.Count;
    }
}

/// <param name="WorkerCores">One worker for each entry, with that many cores.</param>
public sealed record PlanDatacenter(string Name, int Managers, IReadOnlyList<int> WorkerCores);

/// <summary>What happens to one message whatever the seed says.</summary>
/// <param name="Number">The message's number on its way from one node to the other, from 0.</param>
/// <param name="Delay">Added to its latency.</param>
public sealed record DeliveryOverride(
    string From, string To, long Number, bool Lose, bool Duplicate, Duration Delay);
