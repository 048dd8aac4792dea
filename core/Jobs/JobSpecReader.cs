using System.Collections.Immutable;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Jobs;

/// <summary>Reads a job file: the JSON form of <see cref="JobSpec"/>.</summary>
/// <remarks>All faults are reported at once, each with its JSON path, what is there and what is allowed.
/// Defaults are those of <see cref="JobDefaults"/>, bounds those of <see cref="JobLimits"/>.</remarks>
public static class JobSpecReader
{
    private static readonly ImmutableArray<string> Known =
    [
        "name", "datacenters", "retryBudget", "retryBudgetPerWorkflow", "bestEffort", "slo", "thresholds",
        "workflows",
    ];

    /// <summary>The job, or null after adding to <paramref name="faults"/>.</summary>
    /// <param name="target">Takes the place of <c>${TARGET}</c>.</param>
    public static JobSpec? Read(ReadOnlyMemory<byte> utf8Json, string? target, List<JobFault> faults) =>
        Read(utf8Json, target, faults, []);

    /// <summary>As the other overload; <paramref name="notes"/> receives what the job's author should know of
    /// a valid job, such as a value lowered to its ceiling.</summary>
    public static JobSpec? Read(
        ReadOnlyMemory<byte> utf8Json, string? target, List<JobFault> faults, List<JobNote> notes)
    {
        var findings = new JobFileFindings(faults, notes);
        using var document = JsonText.Parse(utf8Json, findings);
        if (document is null) return null;
        var placeholder = new TargetPlaceholder(target, findings);
        var fields = new JsonValue(document.RootElement, "$", findings).Fields(Known);
        var spec = fields is null ? null : Job(fields, placeholder);
        return findings.HasFaults ? null : spec;
    }

    private static JobSpec Job(JsonFields fields, TargetPlaceholder target)
    {
        var datacenters = fields.Find("datacenters") is { } choice
            ? Datacenters(choice)
            : new DatacenterChoice(JobDefaults.Datacenters, [], []);
        var (budget, perWorkflow) = RetryBudgets(fields);
        return new JobSpec(
            fields.Require("name", "a name for the job")?.Name() ?? "",
            datacenters,
            budget,
            perWorkflow,
            fields.Find("bestEffort") is { } bestEffort ? BestEffort(bestEffort, datacenters.Count) : null,
            fields.Find("slo") is { } slo ? Slo(slo) : null,
            fields.Find("thresholds") is { } thresholds ? Thresholds(thresholds) : [],
            fields.Require("workflows", "a list of 1 to 256 workflows") is { } workflows
                ? new WorkflowReader(target).Read(workflows)
                : []);
    }

    private static DatacenterChoice Datacenters(JsonValue block)
    {
        var none = new DatacenterChoice(JobLimits.DatacentersMax, [], []);
        if (block.Fields(["count", "preferred", "only"]) is not { } fields) return none;
        var preferred = fields.Find("preferred") is { } wished ? DatacenterNames(wished) : [];
        var only = fields.Find("only") is { } bound ? DatacenterNames(bound) : [];
        var count = JobDefaults.Datacenters;
        if (fields.Find("count") is { } at)
        {
            count = at.Integer(1, JobLimits.DatacentersMax) ?? none.Count;
            if (only.Count > 0 && count > only.Count && count < none.Count)
                at.Refuse($"at most {only.Count}, the number of datacenters in only,");
        }

        foreach (var name in preferred.Where(name => only.Count > 0 && !only.Contains(name)))
            fields.Note($"prefers {FoundText.Quoted(name)}, which only leaves out");
        return new DatacenterChoice(count, preferred, only);
    }

    private static List<string> DatacenterNames(JsonValue list)
    {
        var names = new List<string>();
        foreach (var item in list.Items("names of datacenters", 0, JobLimits.DatacentersMax))
        {
            if (item.Name() is not { } name) continue;
            if (names.Contains(name)) item.Fault($"is {FoundText.Quoted(name)} once more; once is allowed");
            else names.Add(name);
        }

        return names;
    }

    private static (int? Total, int? PerWorkflow) RetryBudgets(JsonFields fields)
    {
        var total = Ceiled(fields.Find("retryBudget"), JobLimits.RetryBudgetMax);
        var each = fields.Find("retryBudgetPerWorkflow");
        var perWorkflow = Ceiled(each, JobLimits.RetryBudgetPerWorkflowMax);
        if (perWorkflow <= total || total is null || perWorkflow is null) return (total, perWorkflow);
        each?.Note($"is {perWorkflow}; lowered to {total}, the whole job's retryBudget");
        return (total, total);
    }

    private static int? Ceiled(JsonValue? at, int ceiling)
    {
        if (at?.Integer(0, int.MaxValue) is not { } number) return null;
        if (number <= ceiling) return number;
        at?.Note($"is {number}; lowered to {ceiling}, the most that is allowed");
        return ceiling;
    }

    private static BestEffortSpec? BestEffort(JsonValue block, int count)
    {
        if (block.Fields(["enabled", "minDcs", "deadline", "waitForAll"]) is not { } fields) return null;
        return new BestEffortSpec(
            fields.Find("enabled") is { } enabled ? enabled.Flag() ?? false : JobDefaults.IsBestEffort,
            fields.Find("minDcs") is { } min ? MinDcs(min, count) : null,
            fields.Find("deadline") is { } deadline ? Deadline(deadline) : null,
            fields.Find("waitForAll")?.Flag() ?? false);
    }

    private static int? MinDcs(JsonValue at, int count)
    {
        if (at.Integer(int.MinValue, int.MaxValue) is not { } asked) return null;
        var effective = BestEffortManager.MinDcs(asked, count);
        if (asked < effective) at.Note($"is {asked}; raised to {effective}, the fewest that are allowed");
        if (asked > effective) at.Note($"is {asked}; lowered to {effective}, the job's datacenters");
        return effective;
    }

    private static Duration? Deadline(JsonValue at)
    {
        var ceiling = Duration.FromSeconds(JobLimits.BestEffortDeadlineSecondsMax);
        var deadline = at.Duration(Duration.FromSeconds(JobLimits.DurationSecondsMax));
        if (deadline is null || deadline <= ceiling) return deadline;
        at.Note($"is {deadline}; lowered to {ceiling}, the most that is allowed");
        return ceiling;
    }

    private static SloSpec? Slo(JsonValue block)
    {
        if (block.Fields(["p50Ms", "p95Ms", "p99Ms"]) is not { } fields) return null;
        (string Name, int? Target) below = ("", null);
        var targets = new List<int?>();
        foreach (var name in (string[])["p50Ms", "p95Ms", "p99Ms"])
        {
            var at = fields.Find(name);
            var target = at?.Integer(1, JobLimits.SloMillisecondsMax);
            targets.Add(target);
            if (target < below.Target) at?.Refuse($"at least {below.Target}, which is {below.Name},");
            if (target is not null) below = (name, target);
        }

        return new SloSpec(targets[0], targets[1], targets[2]);
    }

    private static List<Threshold> Thresholds(JsonValue list)
    {
        var thresholds = new List<Threshold>();
        foreach (var item in list.Items("conditions such as p95Ms < 200", 0, JobLimits.ThresholdsMax))
        {
            if (item.Text(JobLimits.ThresholdLengthMax) is not { } text) continue;
            if (ThresholdGrammar.TryRead(text, out var threshold, out var allowed)) thresholds.Add(threshold);
            else item.Refuse(allowed);
        }

        return thresholds;
    }
}
