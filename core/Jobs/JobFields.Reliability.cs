using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

/// <content>Budgets, terms and what is stated of earlier attempts (AD-44).</content>
public static partial class JobFields
{
    public static void Write(FieldWriter writer, JobTerms terms)
    {
        writer.Number(1, terms.RetryBudget);
        writer.Number(2, terms.RetryBudgetPerWorkflow);
        writer.Number(3, terms.MinDcs);
        if (terms.Deadline is { } deadline) writer.Number(4, deadline.Nanoseconds);
        writer.Number(5, (long)terms.LateResults);
    }

    public static JobTerms? ReadJobTerms(ref FieldReader reader)
    {
        int total = 0, each = 0, minDcs = 0;
        Duration? deadline = null;
        var lateResults = LateResultPolicy.LogOnly;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: total = ReadTotal(ref reader); break;
                case 2: each = ReadPerWorkflow(ref reader); break;
                case 3: minDcs = reader.Integer("minDcs", 1, JobLimits.DatacentersMax); break;
                case 4: deadline = ReadDuration(ref reader, "deadline"); break;
                case 5: lateResults = reader.Choice("lateResults", LateResultPolicy.UpdateResult); break;
                default: break;
            }
        }

        reader.Require(1, "retryBudget");
        reader.Require(2, "retryBudgetPerWorkflow");
        reader.Require(3, "minDcs");
        reader.Require(5, "lateResults");
        if (each > total) reader.Fail($"retryBudgetPerWorkflow is {each}; at most {total} is allowed");
        return reader.Fault is null ? new JobTerms(total, each, minDcs, deadline, lateResults) : null;
    }

    public static void Write(FieldWriter writer, RetryShare share)
    {
        writer.Number(1, share.Total);
        writer.Number(2, share.PerWorkflow);
        writer.Number(3, share.Share);
        writer.Number(4, share.Revision);
    }

    public static RetryShare? ReadRetryShare(ref FieldReader reader)
    {
        int total = 0, each = 0, share = 0;
        var revision = 0L;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: total = ReadTotal(ref reader); break;
                case 2: each = ReadPerWorkflow(ref reader); break;
                case 3: share = reader.Integer("share", 0, JobLimits.RetryBudgetMax); break;
                case 4: revision = reader.Number("revision", 0); break;
                default: break;
            }
        }

        reader.Require(1, "retryBudget");
        reader.Require(2, "retryBudgetPerWorkflow");
        reader.Require(3, "share");
        reader.Require(4, "revision");
        if (share > total) reader.Fail($"share is {share}; at most {total}, the whole budget, is allowed");
        return reader.Fault is null ? new RetryShare(total, each, share, revision) : null;
    }

    public static void Write(FieldWriter writer, RetryBudgetState budget)
    {
        writer.Nested(1, budget.Share, Write);
        writer.Flag(2, budget.IsFinal);
        foreach (var used in budget.ConsumedByWorkflow) writer.Number(3, used);
    }

    /// <summary>Reads the state of a slot with so many workflows.</summary>
    internal static RetryBudgetState? ReadRetryBudget(ref FieldReader reader, JobId job, int workflows)
    {
        RetryShare? share = null;
        var isFinal = false;
        var used = new List<int>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: share = reader.Nested("share", ReadRetryShare); break;
                case 2: isFinal = reader.Flag("final"); break;
                case 3 when reader.HasRoom("consumed", used.Count, workflows):
                    used.Add(reader.Integer("consumed", 0, JobLimits.RetryBudgetPerWorkflowMax));
                    break;
                default: break;
            }
        }

        reader.Require(1, "share");
        reader.Require(2, "final");
        reader.Require(used.Count == workflows, "consumed of every workflow");
        return reader.Fault is null ? new RetryBudgetState(job, share!, isFinal, used) : null;
    }

    public static void Write(FieldWriter writer, EarlierAttempt earlier)
    {
        writer.Number(1, earlier.Attempt);
        writer.Text(2, earlier.Worker);
        writer.Number(3, (long)earlier.State);
        writer.Text(4, EarlierAttempt.Clip(earlier.Reason));
        writer.Nested(5, earlier.Stats, Write);
        if (earlier.Kill is { } kill) writer.Nested(6, kill, ResourceKill.Write);
    }

    public static EarlierAttempt? ReadEarlierAttempt(ref FieldReader reader)
    {
        var attempt = 0;
        string worker = "", reason = "";
        var state = AttemptState.Lost;
        RunStats? stats = null;
        ResourceKill? kill = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: attempt = reader.Integer("attempt", 1, JobLimits.AttemptMax); break;
                case 2: worker = reader.Text("worker", JobLimits.NameLengthMax); break;
                case 3: state = reader.Choice("state", AttemptState.KilledByGuard); break;
                case 4: reason = reader.Text("reason", EarlierAttempt.ReasonLengthMax); break;
                case 5: stats = reader.Nested("stats", ReadRunStats); break;
                case 6: kill = reader.Nested("kill", ResourceKill.Read); break;
                default: break;
            }
        }

        for (var field = 1; field <= 5; field++) reader.Require(field, $"field {field}");
        return reader.Fault is null
            ? new EarlierAttempt(attempt, worker, state, reason, stats!) { Kill = kill }
            : null;
    }

    private static int ReadTotal(ref FieldReader reader) =>
        reader.Integer("retryBudget", 0, JobLimits.RetryBudgetMax);

    private static int ReadPerWorkflow(ref FieldReader reader) =>
        reader.Integer("retryBudgetPerWorkflow", 0, JobLimits.RetryBudgetPerWorkflowMax);
}
