using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

public static partial class JobFields
{
    /// <remarks>Outputs that pass <see cref="JobLimits.StatusOutputBytesMax"/> together keep the last bytes
    /// of each.</remarks>
    public static void Write(FieldWriter writer, JobStatus status)
    {
        writer.Nested(1, status.Id, Write);
        writer.Nested(2, status.Spec, Write);
        writer.Number(3, (long)status.State);
        writer.Text(4, JobLimits.Clip(status.Reason));
        writer.Number(5, status.Revision);
        writer.Number(6, status.Submitted.UnixMilliseconds);
        if (status.Ended is { } ended) writer.Number(7, ended.UnixMilliseconds);
        var outcomes = status.Slots.Where(slot => slot.Outcome is not null).Select(slot => slot.Outcome!);
        var share = SlotOutcome.OutputShare(outcomes, JobLimits.StatusOutputBytesMax);
        foreach (var slot in status.Slots)
        {
            var mark = writer.Begin(8);
            Write(writer, slot, share);
            writer.End(mark);
        }

        writer.Number(9, status.Since.UnixMilliseconds);
        foreach (var line in status.Slo.Take(JobLimits.RoutingLinesMax))
            writer.Text(10, JobLimits.Clip(line));
    }

    public static JobStatus? ReadJobStatus(ref FieldReader reader)
    {
        JobId id = default;
        JobSpec? spec = null;
        var state = JobState.Accepted;
        var reason = "";
        var revision = 0L;
        WallTime submitted = default;
        WallTime? ended = null, since = null;
        var (slots, slo) = (new List<SlotStatus>(), new List<string>());
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: id = reader.Nested("id", ReadJobId); break;
                case 2: spec = reader.Nested("spec", ReadJobSpec); break;
                case 3: state = reader.Choice("state", JobState.Cancelled); break;
                case 4: reason = reader.Text("reason", JobLimits.ReasonLengthMax); break;
                case 5: revision = reader.Number("revision"); break;
                case 6: submitted = ReadWallTime(ref reader, "submitted"); break;
                case 7: ended = ReadWallTime(ref reader, "ended"); break;
                case 8: reader.Element("slots", slots, JobLimits.DatacentersMax, ReadSlotStatus); break;
                case 9: since = ReadWallTime(ref reader, "since"); break;
                case 10 when reader.HasRoom("slo", slo.Count, JobLimits.RoutingLinesMax):
                    slo.Add(reader.Text("slo", JobLimits.ReasonLengthMax));
                    break;
                default: break;
            }
        }

        reader.Require(1, "id");
        reader.Require(2, "spec");
        reader.Require(3, "state");
        reader.Require(4, "reason");
        reader.Require(5, "revision");
        reader.Require(6, "submitted");
        if (reader.Fault is null) CheckWorkflows(ref reader, spec!, slots);
        return reader.Fault is null
            ? new JobStatus(id, spec!, state, reason, revision, submitted, ended, slots)
            {
                Since = since ?? submitted,
                Slo = slo,
            }
            : null;
    }

    public static void Write(FieldWriter writer, SlotStatus status) =>
        Write(writer, status, SlotOutcome.OutputShare(
            status.Outcome is { } outcome ? [outcome] : [], JobLimits.SlotOutputBytesMax));

    private static void Write(FieldWriter writer, SlotStatus status, int outputBytesMax)
    {
        writer.Number(1, status.Slot);
        writer.Text(2, status.Datacenter);
        writer.Number(3, (long)status.Phase);
        writer.Text(4, JobLimits.Clip(status.Reason));
        if (status.Outcome is { } outcome)
        {
            var mark = writer.Begin(5);
            Write(writer, outcome, outputBytesMax);
            writer.End(mark);
        }

        foreach (var progress in status.Workflows) writer.Nested(6, progress, Write);
        if (status.Wait is { } wait) writer.Nested(7, wait, Write);
    }

    public static SlotStatus? ReadSlotStatus(ref FieldReader reader)
    {
        var slot = 0;
        string datacenter = "", reason = "";
        var phase = SlotPhase.Unassigned;
        SlotOutcome? outcome = null;
        Wait? wait = null;
        var workflows = new List<WorkflowProgress>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = reader.Integer("slot", 0, JobLimits.DatacentersMax - 1); break;
                case 2: datacenter = reader.Text("datacenter", JobLimits.NameLengthMax); break;
                case 3: phase = reader.Choice("phase", SlotPhase.Reported); break;
                case 4: reason = reader.Text("reason", JobLimits.ReasonLengthMax); break;
                case 5: outcome = reader.Nested("outcome", ReadSlotOutcome); break;
                case 6:
                    reader.Element("workflows", workflows, JobLimits.WorkflowsMax, ReadWorkflowProgress);
                    break;
                case 7: wait = reader.Nested("wait", ReadWait); break;
                default: break;
            }
        }

        reader.Require(1, "slot");
        reader.Require(2, "datacenter");
        reader.Require(3, "phase");
        reader.Require(4, "reason");
        return reader.Fault is null
            ? new SlotStatus(slot, datacenter, phase, reason, outcome, workflows) { Wait = wait }
            : null;
    }

    public static void Write(FieldWriter writer, WorkflowProgress progress)
    {
        writer.Number(1, progress.Workflow);
        writer.Number(2, (long)progress.Phase);
        writer.Text(3, progress.Worker);
        writer.Nested(4, progress.Stats, Write);
        if (progress.Reason.Length > 0) writer.Text(5, EarlierAttempt.Clip(progress.Reason));
        if (progress.Attempt > 0) writer.Number(6, progress.Attempt);
        if (progress.Wait is { } wait) writer.Nested(7, wait, Write);
        if (progress.Started is { } started) writer.Number(9, started.UnixMilliseconds);
        if (progress.RetriesGranted > 0) writer.Number(10, progress.RetriesGranted);
        foreach (var cause in progress.RetryCauses) writer.Text(8, EarlierAttempt.Clip(cause));
    }

    public static WorkflowProgress? ReadWorkflowProgress(ref FieldReader reader)
    {
        var workflow = 0;
        var phase = WorkflowPhase.Waiting;
        string worker = "", reason = "";
        int attempt = 0, granted = 0;
        RunStats? stats = null;
        WallTime? started = null;
        Wait? wait = null;
        var causes = new List<string>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: workflow = ReadWorkflowIndex(ref reader); break;
                case 2: phase = reader.Choice("phase", WorkflowPhase.Retrying); break;
                case 3: worker = reader.Text("worker", JobLimits.NameLengthMax); break;
                case 4: stats = reader.Nested("stats", ReadRunStats); break;
                case 5: reason = reader.Text("reason", EarlierAttempt.ReasonLengthMax); break;
                case 6: attempt = reader.Integer("attempt", 1, JobLimits.AttemptMax); break;
                case 7: wait = reader.Nested("wait", ReadWait); break;
                case 8 when reader.HasRoom("causes", causes.Count, EarlierAttempt.CountMax):
                    causes.Add(reader.Text("causes", EarlierAttempt.ReasonLengthMax));
                    break;
                case 9: started = ReadWallTime(ref reader, "started"); break;
                case 10:
                    granted = reader.Integer("retriesGranted", 1, JobLimits.RetryBudgetPerWorkflowMax);
                    break;
                default: break;
            }
        }

        reader.Require(1, "workflow");
        reader.Require(2, "phase");
        reader.Require(3, "worker");
        reader.Require(4, "stats");
        return reader.Fault is null
            ? new WorkflowProgress(workflow, phase, worker, stats!)
            {
                Attempt = attempt,
                Started = started,
                Reason = reason,
                Wait = wait,
                RetriesGranted = granted,
                RetryCauses = causes,
            }
            : null;
    }

    public static void Write(FieldWriter writer, Wait wait)
    {
        writer.Number(1, (long)wait.For);
        writer.Number(2, wait.Since.UnixMilliseconds);
        if (wait.Until is { } until) writer.Number(3, until.UnixMilliseconds);
    }

    public static Wait? ReadWait(ref FieldReader reader)
    {
        var reason = WaitReason.Datacenter;
        WallTime since = default;
        WallTime? until = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: reason = reader.Choice("for", WaitReason.Contact); break;
                case 2: since = ReadWallTime(ref reader, "since"); break;
                case 3: until = ReadWallTime(ref reader, "until"); break;
                default: break;
            }
        }

        reader.Require(1, "for");
        reader.Require(2, "since");
        return reader.Fault is null ? new Wait(reason, since, until) : null;
    }

    public static void Write(FieldWriter writer, JobSummary summary)
    {
        writer.Nested(1, summary.Id, Write);
        writer.Text(2, summary.Name);
        writer.Number(3, (long)summary.State);
        writer.Text(4, JobLimits.Clip(summary.Reason));
        writer.Number(5, summary.Submitted.UnixMilliseconds);
    }

    public static JobSummary? ReadJobSummary(ref FieldReader reader)
    {
        JobId id = default;
        string name = "", reason = "";
        var state = JobState.Accepted;
        WallTime submitted = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: id = reader.Nested("id", ReadJobId); break;
                case 2: name = reader.Text("name", JobLimits.NameLengthMax); break;
                case 3: state = reader.Choice("state", JobState.Cancelled); break;
                case 4: reason = reader.Text("reason", JobLimits.ReasonLengthMax); break;
                case 5: submitted = ReadWallTime(ref reader, "submitted"); break;
                default: break;
            }
        }

        reader.Require(1, "id");
        reader.Require(2, "name");
        reader.Require(3, "state");
        reader.Require(4, "reason");
        reader.Require(5, "submitted");
        return reader.Fault is null ? new JobSummary(id, name, state, reason, submitted) : null;
    }

    /// <summary>What a status says of workflows, it says of workflows of its job.</summary>
    private static void CheckWorkflows(ref FieldReader reader, JobSpec spec, List<SlotStatus> slots)
    {
        for (var i = 0; i < slots.Count; i++)
        {
            var progress = slots[i].Workflows.Select(workflow => workflow.Workflow);
            var results = slots[i].Outcome?.Workflows.Select(result => result.Workflow) ?? [];
            var last = progress.Concat(results).DefaultIfEmpty(0).Max();
            if (last < spec.Workflows.Count) continue;
            reader.Fail($"slots[{i}] names workflow {last} of {spec.Workflows.Count}");
            return;
        }
    }

    private static WallTime ReadWallTime(ref FieldReader reader, string name) =>
        new(reader.Number(name, 0, WallTimeMax));
}
