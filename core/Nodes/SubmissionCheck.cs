using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Nodes;

/// <summary>What only the cluster can know to be wrong with a submitted job.</summary>
public static class SubmissionCheck
{
    /// <summary>Most bytes of a job in its log entry: 4 MiB.</summary>
    public const int JobBytesMax = 4 * 1024 * 1024;

    /// <summary>Every fault, with its JSON path; none when the cluster can take the job.</summary>
    public static IReadOnlyList<JobFault> Faults(JobSpec spec, Topology topology)
    {
        var known = topology.Datacenters.Select(datacenter => datacenter.Name).ToList();
        var choice = spec.Datacenters;
        var faults = new List<JobFault>();
        AddUnknown("only", choice.Only, known, faults);
        AddUnknown("preferred", choice.Preferred, known, faults);
        var eligible = known.Where(name => SlotPlacement.IsEligible(spec, name)).ToList();
        if (choice.Count < 1 || choice.Count > eligible.Count)
            faults.Add(new JobFault(
                "$.datacenters.count",
                $"is {choice.Count}; 1 to {eligible.Count} are allowed ({string.Join(", ", eligible)})"));
        if (spec.RetryBudget < 0) faults.Add(new JobFault("$.retryBudget", Negative(spec.RetryBudget)));
        if (spec.RetryBudgetPerWorkflow < 0)
            faults.Add(new JobFault("$.retryBudgetPerWorkflow", Negative(spec.RetryBudgetPerWorkflow)));
        if (spec.Workflows.Count == 0) faults.Add(new JobFault("$.workflows", "is empty; a job needs one"));
        return [.. faults.Select(fault => fault with { Message = JobLimits.Clip(fault.Message) })
            .Take(JobLimits.FaultsMax)];
    }

    /// <summary>The entry that creates the job; null, with the fault, when no log entry can hold
    /// it.</summary>
    /// <param name="reserved">The key that it takes.</param>
    /// <param name="terms">What it is entitled to.</param>
    /// <param name="datacenters">What its first slots are meant for.</param>
    public static byte[]? Encode(
        JobSpec spec,
        IdempotencyReservedEvent? reserved,
        JobTerms terms,
        IReadOnlyList<string> datacenters,
        out IReadOnlyList<JobFault> faults)
    {
        faults = [];
        var bytes = JobCommandCodec.Encode(
            new JobCommand.JobCreated(spec, reserved, terms) { Datacenters = datacenters });
        if (bytes.Length > JobBytesMax)
            faults = [new JobFault("$", $"takes {bytes.Length} bytes; at most {JobBytesMax} are allowed")];
        // An entry that cannot be read back would end the ledger, so none is made.
        else if (JobCommandCodec.Decode(bytes, out var unreadable) is null)
            faults = [new JobFault("$", JobLimits.Clip(unreadable))];
        return faults.Count == 0 ? bytes : null;
    }

    private static string Negative(int? retries) => $"is {retries}; 0, no retries, and more are allowed";

    private static void AddUnknown(
        string name, IReadOnlyList<string> listed, IReadOnlyList<string> known, List<JobFault> faults)
    {
        for (var i = 0; i < listed.Count; i++)
        {
            if (known.Contains(listed[i])) continue;
            faults.Add(new JobFault(
                $"$.datacenters.{name}[{i}]",
                $"names no datacenter: '{listed[i]}'; there are {string.Join(", ", known)}"));
        }
    }
}
