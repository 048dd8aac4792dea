using System.Text.Json.Serialization;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>What a client does at a time.</summary>
/// <param name="Client">Number of the client, from 0.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "operation")]
[JsonDerivedType(typeof(Submit), "submit")]
[JsonDerivedType(typeof(Repeat), "repeat")]
[JsonDerivedType(typeof(Cancel), "cancel")]
[JsonDerivedType(typeof(Get), "get")]
[JsonDerivedType(typeof(List), "list")]
public abstract record PlannedOperation(Duration At, int Client)
{
    /// <summary>Submits a job and, once it is accepted, follows it to its end with
    /// <paramref name="Watches"/>.</summary>
    /// <param name="Key">What the client calls it; null for a submission that is never repeated.</param>
    public sealed record Submit(Duration At, int Client, PlannedJob Job, bool Watches, string? Key = null)
        : PlannedOperation(At, Client);

    /// <summary>Submits once more under the key of an earlier operation.</summary>
    /// <param name="JobOf">Index of the submitting operation.</param>
    /// <param name="IsOther">With another payload, which is a mistake of the client.</param>
    public sealed record Repeat(Duration At, int Client, int JobOf, bool IsOther)
        : PlannedOperation(At, Client);

    /// <summary>Cancels the job of an earlier operation, or the newest one known before it.</summary>
    /// <param name="JobOf">Index of the submitting operation.</param>
    public sealed record Cancel(Duration At, int Client, int JobOf) : PlannedOperation(At, Client);

    public sealed record Get(Duration At, int Client, int JobOf) : PlannedOperation(At, Client);

    public sealed record List(Duration At, int Client, int Limit, bool LocalOnly)
        : PlannedOperation(At, Client);
}

/// <summary>A job in short; the rest of its specification follows from it.</summary>
/// <param name="Datacenters">In how many it runs.</param>
/// <param name="Only">The datacenters it may run in; all when empty.</param>
public sealed record PlannedJob(
    string Name,
    int Datacenters,
    IReadOnlyList<string> Preferred,
    IReadOnlyList<string> Only,
    int? RetryBudget,
    int? RetryBudgetPerWorkflow,
    BestEffortSpec? BestEffort,
    IReadOnlyList<PlannedWorkflow> Workflows)
{
    /// <summary>Its latency targets; null for those that are set for all.</summary>
    public SloSpec? Slo { get; init; }

    /// <summary>Another job, which a client submits under the key of this one.</summary>
    [JsonIgnore]
    public PlannedJob Other => this with { Name = Name + "-other" };

    public JobSpec ToSpec() => new(
        Name,
        new DatacenterChoice(Datacenters, Preferred, Only),
        RetryBudget,
        RetryBudgetPerWorkflow,
        BestEffort,
        Slo,
        Thresholds: [],
        [.. Workflows.Select((workflow, index) => workflow.ToSpec(index))]);
}

public sealed record PlannedWorkflow(
    WorkflowKind Kind, int Cores, Duration Duration, Duration Timeout, IReadOnlyList<int> DependsOn)
{
    internal WorkflowSpec ToSpec(int index) => new(
        $"w{index}",
        Kind,
        Cores,
        Duration,
        Timeout,
        Vus: Kind == WorkflowKind.Http ? 4 : null,
        Rate: null,
        DependsOn,
        Kind == WorkflowKind.Http
            ? new HttpSpec("GET", "http://target.test/", [], null, [200], Duration.FromSeconds(1))
            : null,
        Kind == WorkflowKind.Exec ? new ExecSpec(["run"]) : null,
        // Every other workflow wants another attempt after its guard killed it.
        Budget: index % 2 == 1 ? new ResourceBudget(null, null, null, RetryKilled: true) : null);
}
