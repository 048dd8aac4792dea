using System.Text.Json;
using System.Text.Json.Serialization;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Shell.Json;

/// <summary>Why a job is where it is, as <c>GET /v1/jobs/{id}/explain</c> tells it.</summary>
/// <param name="Since">Since when it is in its state.</param>
/// <param name="Routing">How its datacenters were chosen, in lines; empty where the gate that is asked did
/// not choose them.</param>
/// <param name="Slo">How its latencies keep to their targets where it runs, in lines; empty where the gate
/// that is asked heard nothing of them lately.</param>
/// <param name="Waits">Everything that has not ended, with the name of what it waits for.</param>
public sealed record ExplanationJson(
    JobId Id,
    string Name,
    JobState State,
    string Reason,
    WallTime Since,
    CompletionJson Completion,
    RetryBudgetJson RetryBudget,
    IReadOnlyList<WaitJson> Waits,
    IReadOnlyList<SlotExplanationJson> Slots,
    IReadOnlyList<string> Routing,
    IReadOnlyList<string> Slo)
{
    public static ExplanationJson Of(JobExplanation explanation)
    {
        var status = explanation.Status;
        return new ExplanationJson(
            status.Id,
            status.Spec.Name,
            status.State,
            status.Reason,
            status.Since,
            CompletionJson.Of(explanation),
            RetryBudgetJson.Of(explanation),
            [.. status.IsTerminal ? [] : status.Slots.SelectMany(slot => WaitJson.Of(slot, status.Spec))],
            [.. explanation.Slots.Select(slot => SlotExplanationJson.Of(slot, explanation))],
            explanation.Routing,
            status.Slo);
    }
}

/// <summary>What makes the job complete.</summary>
/// <param name="Reason">Why it was, by its name: <c>all_dcs_reported</c>, <c>min_dcs_reached</c>,
/// <c>min_dcs_unreachable</c>, <c>deadline_expired</c>; <c>waiting</c> before, and of a job that ended
/// otherwise.</param>
/// <param name="When">What it waits for; empty once it has ended.</param>
/// <param name="Deadline">When it ends whatever has been reported by then.</param>
/// <param name="MinDcs">Datacenters that have to complete.</param>
public sealed record CompletionJson(string Reason, string When, WallTime Deadline, int MinDcs, int Slots)
{
    internal static CompletionJson Of(JobExplanation explanation) => new(
        BestEffortManager.NameOf(explanation.Completion),
        explanation.CompletesWhen,
        explanation.Deadline,
        explanation.Terms.MinDcs,
        explanation.Slots.Count);
}

/// <summary>The job's retry budget, over all its datacenters.</summary>
/// <param name="Granted">Of datacenters that have reported, by their results; of the others, by what they
/// last told of their own ledgers.</param>
/// <param name="Left">What can still be granted, as far as is known.</param>
/// <param name="Unheard">The part of that which datacenters may have granted that are not heard of.</param>
/// <param name="Reserve">The part of that which no slot has yet.</param>
/// <param name="Grants">Every grant whose cause is known.</param>
public sealed record RetryBudgetJson(
    int Total,
    int PerWorkflow,
    int Granted,
    int Left,
    int Unheard,
    int Reserve,
    IReadOnlyList<GrantJson> Grants)
{
    internal static RetryBudgetJson Of(JobExplanation explanation)
    {
        var (terms, status) = (explanation.Terms, explanation.Status);
        var granted = explanation.RetriesGranted;
        return new RetryBudgetJson(
            terms.RetryBudget, terms.RetryBudgetPerWorkflow, granted, terms.RetryBudget - granted,
            explanation.RetriesUnheard, explanation.RetryReserve,
            [
                .. from slot in explanation.Slots
                   from grant in slot.Grants
                   select new GrantJson(
                       slot.Slot, status.Slots[slot.Slot].Datacenter,
                       status.Spec.Workflows[grant.Workflow].Name, grant.Attempt, grant.Cause),
            ]);
    }
}

/// <param name="Attempt">The one that it was granted for.</param>
/// <param name="Cause">How the attempt before it ended.</param>
public sealed record GrantJson(int Slot, string Datacenter, string Workflow, int Attempt, string Cause);

/// <summary>A part of the job that has not ended.</summary>
/// <param name="Workflow">Null for the slot as a whole.</param>
/// <param name="For">What it waits for, or <c>running</c>.</param>
/// <param name="Reason">The same in words.</param>
/// <param name="Since">Since when it waits, or runs; null where nobody said so far.</param>
/// <param name="Until">When the wait is over; null where that depends on others.</param>
public sealed record WaitJson(
    int Slot,
    string Datacenter,
    string? Workflow,
    string For,
    string Reason,
    WallTime? Since,
    WallTime? Until)
{
    private const string Running = "running";

    internal static IEnumerable<WaitJson> Of(SlotStatus slot, JobSpec spec)
    {
        if (slot.Outcome is not null) return [];
        if (slot.Wait is { } wait)
            return [new WaitJson(
                slot.Slot, slot.Datacenter, null, NameOf(wait.For), slot.Reason, wait.Since, wait.Until)];
        // Nothing was heard of its workflows yet.
        if (slot.Workflows.Count == 0)
            return [new WaitJson(slot.Slot, slot.Datacenter, null, Running, slot.Reason, null, null)];
        return slot.Workflows.Where(progress => progress.Phase != WorkflowPhase.Ended)
            .Select(progress => new WaitJson(
                slot.Slot, slot.Datacenter, spec.Workflows[progress.Workflow].Name,
                progress.Wait is { } waits ? NameOf(waits.For) : Running,
                progress.Wait is null
                    ? $"attempt {progress.Attempt} runs on {progress.Worker}"
                    : progress.Reason,
                progress.Wait is null ? progress.Started : progress.Wait.Since,
                progress.Wait?.Until));
    }

    private static string NameOf(WaitReason reason) =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString());
}

/// <param name="Epoch">How often the slot was given to a datacenter.</param>
/// <param name="RetryShare">Retries of the job's budget that it may use in all.</param>
/// <param name="Refusals">Datacenters that did not take it, the newest last.</param>
/// <param name="Workflows">Those that anything was heard of.</param>
public sealed record SlotExplanationJson(
    int Slot,
    string Datacenter,
    SlotPhase Phase,
    string Reason,
    int Epoch,
    int RetryShare,
    int RetriesGranted,
    IReadOnlyList<RefusalJson> Refusals,
    IReadOnlyList<WorkflowExplanationJson> Workflows)
{
    internal static SlotExplanationJson Of(SlotExplanation slot, JobExplanation job)
    {
        var status = job.Status.Slots[slot.Slot];
        return new SlotExplanationJson(
            slot.Slot,
            status.Datacenter,
            status.Phase,
            status.Reason,
            slot.Epoch,
            slot.RetryShare,
            slot.RetriesGranted,
            [.. slot.Refusals.Select(refusal => new RefusalJson(refusal.Datacenter, refusal.Reason))],
            [
                .. status.Outcome is { } outcome
                    ? outcome.Workflows.Select(result => WorkflowExplanationJson.Of(result, job))
                    : status.Workflows.Select(progress => WorkflowExplanationJson.Of(progress, job)),
            ]);
    }
}

/// <summary>One workflow in one slot.</summary>
/// <param name="State">How it ended; null while it runs or waits.</param>
/// <param name="Attempts">Made so far.</param>
/// <param name="RetriesLeft">That it may still use, as far as the job has them.</param>
/// <param name="Reason">What it waits for, or why it did not complete; else empty.</param>
public sealed record WorkflowExplanationJson(
    string Workflow,
    WorkflowPhase Phase,
    AttemptState? State,
    int Attempts,
    int RetriesGranted,
    int RetriesLeft,
    string Reason)
{
    /// <summary>Why its guard killed it; absent when it did not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public KillJson? Kill { get; init; }

    /// <summary>Why guards killed attempts before the last one; absent when they did not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<EarlierKillJson>? EarlierKills { get; init; }

    internal static WorkflowExplanationJson Of(WorkflowProgress progress, JobExplanation job) => new(
        job.Status.Spec.Workflows[progress.Workflow].Name,
        progress.Phase,
        null,
        progress.Attempt,
        progress.RetriesGranted,
        progress.Phase == WorkflowPhase.Ended ? 0 : LeftOf(progress.RetriesGranted, job),
        progress.Reason);

    internal static WorkflowExplanationJson Of(WorkflowResult result, JobExplanation job) => new(
        job.Status.Spec.Workflows[result.Workflow].Name,
        WorkflowPhase.Ended,
        result.Outcome.State,
        result.Attempts,
        Math.Max(0, result.Attempts - 1),
        0,
        result.Outcome.State == AttemptState.Completed ? "" : result.Outcome.Reason)
    {
        Kill = KillJson.Of(result.Outcome.Kill),
        EarlierKills = EarlierKillJson.Of(result.Earlier),
    };

    private static int LeftOf(int used, JobExplanation job) => Math.Clamp(
        job.Terms.RetryBudgetPerWorkflow - used, 0, job.Terms.RetryBudget - job.RetriesGranted);
}

public sealed record RefusalJson(string Datacenter, string Reason);
