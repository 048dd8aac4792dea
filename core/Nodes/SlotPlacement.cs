using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Nodes;

/// <summary>The datacenter for a slot.</summary>
/// <param name="IsDoubtful">It refused the slot before, or has no worker for its largest workflow.</param>
public sealed record Placement(DatacenterView Datacenter, bool IsDoubtful);

/// <summary>Chooses datacenters for slots: a pure function of the job and of what datacenters told.</summary>
public static class SlotPlacement
{
    /// <summary>Whether the job allows this datacenter at all.</summary>
    public static bool IsEligible(JobSpec spec, string datacenter) =>
        spec.Datacenters.Only.Count == 0 || spec.Datacenters.Only.Contains(datacenter);

    /// <summary>The best datacenter for a slot; null when none is left.</summary>
    /// <remarks>Those that refused come last, the one whose refusal is oldest first, so that repeats go
    /// around; then those that are too small. Before them the order of the ranking, which is all that there
    /// are.</remarks>
    /// <param name="used">Datacenters that other slots of the job have or are about to have.</param>
    /// <param name="ranking">Names of those that the job can go to, the best first.</param>
    public static Placement? Choose(
        JobSpec spec,
        IReadOnlyList<SlotRefusal> refusals,
        IReadOnlyCollection<string> used,
        IReadOnlyList<DatacenterView> datacenters,
        IReadOnlyList<string> ranking)
    {
        var cores = LargestWorkflow(spec).Cores;
        Placement? best = null;
        (int Refusal, bool IsTooSmall) bestStands = default;
        foreach (var name in ranking)
        {
            if (used.Contains(name) || datacenters.FirstOrDefault(dc => dc.Name == name) is not { } there)
                continue;
            var stands = (RefusalOf(refusals, name), IsTooSmall(there, cores));
            if (best is not null && stands.CompareTo(bestStands) >= 0) continue;
            best = new Placement(there, stands.Item1 >= 0 || stands.Item2);
            bestStands = stands;
        }

        return best;
    }

    /// <summary>The best datacenters for the first slots of a job that nobody has refused, as many as there
    /// are for them.</summary>
    public static IReadOnlyList<string> ChooseFirst(
        JobSpec spec, IReadOnlyList<DatacenterView> datacenters, IReadOnlyList<string> ranking)
    {
        var chosen = new List<string>();
        while (chosen.Count < spec.Datacenters.Count
            && Choose(spec, [], chosen, datacenters, ranking) is { } best)
            chosen.Add(best.Datacenter.Name);
        return chosen;
    }

    /// <summary>Why no datacenter can run the job, when all it may use are known and have workers, none of
    /// them large enough; else null.</summary>
    public static string? Unplaceable(JobSpec spec, IReadOnlyList<DatacenterView> datacenters)
    {
        var largest = LargestWorkflow(spec);
        var eligible = datacenters.Where(dc => IsEligible(spec, dc.Name)).ToList();
        if (eligible.Count == 0 || eligible.Any(dc => !IsTooSmall(dc, largest.Cores))) return null;
        var sizes = string.Join(", ", eligible.Select(dc => $"{dc.Name} {dc.LargestWorkerCores}"));
        return JobLimits.Clip(
            $"no worker is large enough: workflow {largest.Name} needs {largest.Cores} cores; "
            + $"the largest workers have: {sizes}");
    }

    private static WorkflowSpec LargestWorkflow(JobSpec spec) => spec.Workflows.MaxBy(w => w.Cores)!;

    private static bool IsTooSmall(DatacenterView dc, int cores) =>
        dc is { IsFresh: true, IsGathering: false, Workers: > 0 } && dc.LargestWorkerCores < cores;

    private static int RefusalOf(IReadOnlyList<SlotRefusal> refusals, string datacenter)
    {
        for (var i = 0; i < refusals.Count; i++)
            if (refusals[i].Datacenter == datacenter) return i;
        return -1;
    }
}
