using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Jobs;

public enum AttemptState : byte
{
    /// <summary>Ran to its end with the exit it was meant to have.</summary>
    Completed,

    /// <summary>Could not start, ended in error or ran past its timeout.</summary>
    Failed,

    /// <summary>Stopped because the job was cancelled.</summary>
    Cancelled,

    /// <summary>Its worker died or lost its lease; what it did is unknown.</summary>
    Lost,

    /// <summary>Its guard killed it: it used more than its budget (AD-41).</summary>
    KilledByGuard,
}

/// <summary>How an attempt ended. Only the numbers of a workflow's last attempt count in a result, and only
/// when it completed, failed or was killed by its guard; those of a lost one are what was last heard of
/// it.</summary>
/// <param name="Output">The last bytes of an exec workload's output, at most
/// <see cref="JobLimits.OutputBytesMax"/>.</param>
public sealed record AttemptOutcome(
    AttemptState State, string Reason, int? ExitCode, RunStats Stats, ReadOnlyMemory<byte> Output)
{
    /// <summary>The outcome with no more than the last bytes of its output.</summary>
    public AttemptOutcome WithOutputWithin(int bytesMax) =>
        Output.Length <= bytesMax ? this : this with { Output = Output[^bytesMax..] };

    /// <summary>Why its guard killed it; null when it did not.</summary>
    public ResourceKill? Kill { get; init; }

    /// <summary>Whether its numbers are part of the job's.</summary>
    public bool Counts =>
        State is AttemptState.Completed or AttemptState.Failed or AttemptState.KilledByGuard;

    /// <summary>Whether another attempt may follow one that ended like this: what failed or was lost, and
    /// what was killed if its submission wants that.</summary>
    public static bool MayBeRetried(AttemptState state, WorkflowSpec workflow) =>
        state is AttemptState.Failed or AttemptState.Lost
        || (state == AttemptState.KilledByGuard && workflow.Budget is { RetryKilled: true });
}

/// <summary>The accepted outcome of one workflow in one slot.</summary>
public sealed record WorkflowResult(int Workflow, int Attempts, string Worker, AttemptOutcome Outcome)
{
    /// <summary>The attempts that came before the accepted one, by number: stated, and counted in no
    /// sum.</summary>
    public IReadOnlyList<EarlierAttempt> Earlier { get; init; } = [];
}

/// <summary>An attempt that was followed by another one.</summary>
/// <param name="Stats">What it had done when it ended, or was last heard of; without latencies and kinds of
/// errors, so that all earlier attempts of a slot fit a message beside its result.</param>
public sealed record EarlierAttempt(
    int Attempt, string Worker, AttemptState State, string Reason, RunStats Stats)
{
    public const int ReasonLengthMax = 256;

    /// <summary>Why its guard killed it; null when it did not.</summary>
    public ResourceKill? Kill { get; init; }

    /// <summary>Most that there are of a workflow: its retries.</summary>
    public const int CountMax = JobLimits.RetryBudgetPerWorkflowMax;

    public static EarlierAttempt Of(int attempt, string worker, AttemptOutcome outcome) => new(
        attempt, worker, outcome.State, Clip(outcome.Reason),
        outcome.Stats with { Latency = LatencyDigest.Empty, ErrorKinds = [] })
    {
        Kill = outcome.Kill,
    };

    internal static string Clip(string reason) => ClippedText.Of(reason, ReasonLengthMax);

    internal void AddTo(ref Kernel.Fingerprint fingerprint)
    {
        fingerprint.Add((long)Attempt);
        fingerprint.Add(Worker);
        fingerprint.Add((long)State);
        fingerprint.Add(Reason);
        Stats.AddTo(ref fingerprint);
        Kill?.AddTo(ref fingerprint);
    }
}

public enum SlotState : byte { Completed, Failed, Cancelled }

/// <summary>How a slot ended, with one result for each workflow that was tried, by workflow index.</summary>
public sealed record SlotOutcome(SlotState State, string Reason, IReadOnlyList<WorkflowResult> Workflows)
{
    /// <summary>Retries of the job's budget that were granted to the slot; the rest of its share goes
    /// back.</summary>
    public int RetriesGranted { get; init; }

    /// <summary>The outcome with outputs that together are within a bound; where they pass it, each keeps the
    /// last bytes of an even share.</summary>
    public SlotOutcome WithOutputsWithin(int bytesMax)
    {
        var share = OutputShare([this], bytesMax);
        if (Workflows.All(result => result.Outcome.Output.Length <= share)) return this;
        return this with
        {
            Workflows =
            [
                .. Workflows.Select(result => result with
                {
                    Outcome = result.Outcome.WithOutputWithin(share),
                }),
            ],
        };
    }

    /// <summary>How much of each output may stay so that all together are within a bound.</summary>
    internal static int OutputShare(IEnumerable<SlotOutcome> outcomes, int bytesMax)
    {
        var total = 0L;
        var count = 0;
        foreach (var result in outcomes.SelectMany(outcome => outcome.Workflows))
        {
            total += result.Outcome.Output.Length;
            count++;
        }

        return total <= bytesMax ? JobLimits.OutputBytesMax : bytesMax / count;
    }
}

public enum JobState : byte { Accepted, Running, Cancelling, Completed, Failed, Cancelled }
