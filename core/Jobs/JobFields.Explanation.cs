using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

/// <content>Explanations of jobs.</content>
public static partial class JobFields
{
    public static void Write(FieldWriter writer, JobExplanation explanation)
    {
        writer.Nested(1, explanation.Status, Write);
        writer.Nested(2, explanation.Terms, Write);
        writer.Number(3, (long)explanation.Completion);
        writer.Text(4, JobLimits.Clip(explanation.CompletesWhen));
        writer.Number(5, explanation.Deadline.UnixMilliseconds);
        foreach (var slot in explanation.Slots) writer.Nested(6, slot, Write);
        foreach (var line in explanation.Routing.Take(JobLimits.RoutingLinesMax))
            writer.Text(7, JobLimits.Clip(line));
    }

    public static JobExplanation? ReadJobExplanation(ref FieldReader reader)
    {
        JobStatus? status = null;
        JobTerms? terms = null;
        var completion = CompletionReason.Waiting;
        var completesWhen = "";
        WallTime deadline = default;
        var slots = new List<SlotExplanation>();
        var routing = new List<string>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: status = reader.Nested("status", ReadJobStatus); break;
                case 2: terms = reader.Nested("terms", ReadJobTerms); break;
                case 3: completion = reader.Choice("completion", CompletionReason.DeadlineExpired); break;
                case 4: completesWhen = reader.Text("completesWhen", JobLimits.ReasonLengthMax); break;
                case 5: deadline = ReadWallTime(ref reader, "deadline"); break;
                case 6: reader.Element("slots", slots, JobLimits.DatacentersMax, ReadSlotExplanation); break;
                case 7 when reader.HasRoom("routing", routing.Count, JobLimits.RoutingLinesMax):
                    routing.Add(reader.Text("routing", JobLimits.ReasonLengthMax));
                    break;
                default: break;
            }
        }

        for (var field = 1; field <= 5; field++) reader.Require(field, $"field {field}");
        if (reader.Fault is null) CheckSlots(ref reader, status!, slots);
        return reader.Fault is null
            ? new JobExplanation(status!, terms!, completion, completesWhen, deadline, slots)
            {
                Routing = routing,
            }
            : null;
    }

    private static void Write(FieldWriter writer, SlotExplanation slot)
    {
        writer.Number(1, slot.Slot);
        writer.Number(2, slot.Epoch);
        writer.Number(3, slot.RetryShare);
        writer.Number(6, slot.RetriesGranted);
        writer.Flag(7, slot.IsHeard);
        foreach (var grant in slot.Grants) writer.Nested(4, grant, Write);
        foreach (var refusal in slot.Refusals.TakeLast(JobLimits.RefusalsToldMax))
            writer.Nested(5, refusal, Write);
    }

    private static SlotExplanation? ReadSlotExplanation(ref FieldReader reader)
    {
        int slot = 0, epoch = 0, share = 0, granted = 0;
        var isHeard = false;
        var grants = new List<RetryGrant>();
        var refusals = new List<SlotRefusal>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: slot = reader.Integer("slot", 0, JobLimits.DatacentersMax - 1); break;
                case 2: epoch = reader.Integer("epoch", 0, JobLimits.EpochMax); break;
                case 3: share = reader.Integer("retryShare", 0, JobLimits.RetryBudgetMax); break;
                case 4: reader.Element("grants", grants, JobLimits.RetryBudgetMax, ReadGrant); break;
                case 5: reader.Element("refusals", refusals, JobLimits.RefusalsToldMax, ReadRefusal); break;
                case 6: granted = reader.Integer("granted", 0, JobLimits.RetryBudgetMax); break;
                case 7: isHeard = reader.Flag("isHeard"); break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) reader.Require(field, $"field {field}");
        reader.Require(6, "field 6");
        reader.Require(7, "field 7");
        if (granted > share) reader.Fail($"granted is {granted}; at most {share}, the share, is allowed");
        return reader.Fault is null
            ? new SlotExplanation(slot, epoch, share, granted, isHeard, grants, refusals)
            : null;
    }

    private static void Write(FieldWriter writer, RetryGrant grant)
    {
        writer.Number(1, grant.Workflow);
        writer.Number(2, grant.Attempt);
        writer.Text(3, EarlierAttempt.Clip(grant.Cause));
    }

    private static RetryGrant? ReadGrant(ref FieldReader reader)
    {
        int workflow = 0, attempt = 0;
        var cause = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: workflow = ReadWorkflowIndex(ref reader); break;
                case 2: attempt = reader.Integer("attempt", 2, JobLimits.AttemptMax); break;
                case 3: cause = reader.Text("cause", EarlierAttempt.ReasonLengthMax); break;
                default: break;
            }
        }

        for (var field = 1; field <= 3; field++) reader.Require(field, $"field {field}");
        return reader.Fault is null ? new RetryGrant(workflow, attempt, cause) : null;
    }

    public static void Write(FieldWriter writer, SlotRefusal refusal)
    {
        writer.Text(1, refusal.Datacenter);
        writer.Text(2, refusal.Reason);
    }

    public static SlotRefusal? ReadRefusal(ref FieldReader reader)
    {
        string datacenter = "", reason = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: datacenter = reader.Text("datacenter", JobLimits.NameLengthMax); break;
                case 2: reason = reader.Text("reason", JobLimits.ReasonLengthMax); break;
                default: break;
            }
        }

        return reader.Fault is null ? new SlotRefusal(datacenter, reason) : null;
    }

    /// <summary>What is said of slots and workflows is said of those of the job.</summary>
    private static void CheckSlots(
        ref FieldReader reader, JobStatus status, List<SlotExplanation> slots)
    {
        for (var i = 0; i < slots.Count; i++)
        {
            if (i < status.Slots.Count && slots[i].Slot == i) continue;
            reader.Fail($"slots[{i}] is slot {slots[i].Slot} of {status.Slots.Count}");
            return;
        }

        var last = slots.SelectMany(slot => slot.Grants)
            .Select(grant => grant.Workflow).DefaultIfEmpty(0).Max();
        if (last >= status.Spec.Workflows.Count)
            reader.Fail($"a grant names workflow {last} of {status.Spec.Workflows.Count}");
    }
}
