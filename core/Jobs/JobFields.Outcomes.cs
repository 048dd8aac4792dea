using Hyperscale.Det.Resources;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

public static partial class JobFields
{
    public static void Write(FieldWriter writer, RunStats stats)
    {
        writer.Number(1, stats.Requests);
        writer.Number(2, stats.Errors);
        writer.Number(3, stats.Dropped);
        writer.Number(4, stats.BytesReceived);
        // 5 held buckets of latencies.
        if (stats.Latency.Count > 0) writer.Nested(7, stats.Latency, LatencyDigestFields.Write);
        foreach (var kind in stats.ErrorKinds) writer.Nested(6, kind, Write);
    }

    public static RunStats? ReadRunStats(ref FieldReader reader)
    {
        long requests = 0, errors = 0, dropped = 0, bytesReceived = 0;
        var latency = LatencyDigest.Empty;
        var kinds = new List<ErrorCount>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: requests = reader.Number("requests", 0, JobLimits.CountMax); break;
                case 2: errors = reader.Number("errors", 0, JobLimits.CountMax); break;
                case 3: dropped = reader.Number("dropped", 0, JobLimits.CountMax); break;
                case 4: bytesReceived = reader.Number("bytesReceived", 0, JobLimits.BytesReceivedMax); break;
                case 6: reader.Element("errorKinds", kinds, JobLimits.ErrorKindsMax, ReadErrorCount); break;
                case 7: latency = reader.Nested("latency", LatencyDigestFields.Read) ?? latency; break;
                default: break;
            }
        }

        reader.Require(1, "requests");
        reader.Require(2, "errors");
        reader.Require(3, "dropped");
        reader.Require(4, "bytesReceived");
        if (errors > requests)
            reader.Fail($"errors is {errors}; at most the {requests} requests are allowed");
        if (latency.Count > requests)
            reader.Fail($"latency counts {latency.Count}; at most the {requests} requests are allowed");
        for (var i = 1; i < kinds.Count; i++)
        {
            if (string.CompareOrdinal(kinds[i - 1].Kind, kinds[i].Kind) < 0) continue;
            reader.Fail($"errorKinds[{i}] is out of order");
            break;
        }

        return reader.Fault is null
            ? new RunStats(requests, errors, dropped, bytesReceived, latency, kinds)
            : null;
    }

    public static void Write(FieldWriter writer, AttemptOutcome outcome) =>
        Write(writer, outcome, JobLimits.OutputBytesMax);

    private static void Write(FieldWriter writer, AttemptOutcome outcome, int outputBytesMax)
    {
        writer.Number(1, (long)outcome.State);
        writer.Text(2, JobLimits.Clip(outcome.Reason));
        if (outcome.ExitCode is { } code) writer.Number(3, code);
        writer.Nested(4, outcome.Stats, Write);
        // The end of an output says more than its start.
        var output = outcome.Output.Span;
        if (output.Length > outputBytesMax) output = output[^outputBytesMax..];
        if (!output.IsEmpty) writer.Bytes(5, output);
        if (outcome.Kill is { } kill) writer.Nested(6, kill, ResourceKill.Write);
    }

    public static AttemptOutcome? ReadAttemptOutcome(ref FieldReader reader)
    {
        var state = AttemptState.Lost;
        var reason = "";
        int? exitCode = null;
        RunStats? stats = null;
        ReadOnlyMemory<byte> output = default;
        ResourceKill? kill = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: state = reader.Choice("state", AttemptState.KilledByGuard); break;
                case 2: reason = reader.Text("reason", JobLimits.ReasonLengthMax); break;
                case 3: exitCode = reader.Integer("exitCode"); break;
                case 4: stats = reader.Nested("stats", ReadRunStats); break;
                case 5: output = reader.Bytes("output", JobLimits.OutputBytesMax).ToArray(); break;
                case 6: kill = reader.Nested("kill", ResourceKill.Read); break;
                default: break;
            }
        }

        reader.Require(1, "state");
        reader.Require(2, "reason");
        reader.Require(4, "stats");
        return reader.Fault is null
            ? new AttemptOutcome(state, reason, exitCode, stats!, output) { Kill = kill }
            : null;
    }

    public static void Write(FieldWriter writer, WorkflowResult result) =>
        Write(writer, result, JobLimits.OutputBytesMax);

    private static void Write(FieldWriter writer, WorkflowResult result, int outputBytesMax)
    {
        writer.Number(1, result.Workflow);
        writer.Number(2, result.Attempts);
        writer.Text(3, result.Worker);
        var mark = writer.Begin(4);
        Write(writer, result.Outcome, outputBytesMax);
        writer.End(mark);
        foreach (var earlier in result.Earlier) writer.Nested(5, earlier, Write);
    }

    public static WorkflowResult? ReadWorkflowResult(ref FieldReader reader)
    {
        int workflow = 0, attempts = 0;
        var worker = "";
        AttemptOutcome? outcome = null;
        var earlier = new List<EarlierAttempt>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: workflow = ReadWorkflowIndex(ref reader); break;
                case 2: attempts = reader.Integer("attempts", 0, JobLimits.AttemptMax); break;
                case 3: worker = reader.Text("worker", JobLimits.NameLengthMax); break;
                case 4: outcome = reader.Nested("outcome", ReadAttemptOutcome); break;
                case 5:
                    reader.Element("earlier", earlier, EarlierAttempt.CountMax, ReadEarlierAttempt);
                    break;
                default: break;
            }
        }

        reader.Require(1, "workflow");
        reader.Require(2, "attempts");
        reader.Require(3, "worker");
        reader.Require(4, "outcome");
        return reader.Fault is null
            ? new WorkflowResult(workflow, attempts, worker, outcome!) { Earlier = earlier }
            : null;
    }

    /// <remarks>Outputs that pass <see cref="JobLimits.SlotOutputBytesMax"/> together keep the last bytes of
    /// each.</remarks>
    public static void Write(FieldWriter writer, SlotOutcome outcome) =>
        Write(writer, outcome, SlotOutcome.OutputShare([outcome], JobLimits.SlotOutputBytesMax));

    private static void Write(FieldWriter writer, SlotOutcome outcome, int outputBytesMax)
    {
        writer.Number(1, (long)outcome.State);
        writer.Text(2, JobLimits.Clip(outcome.Reason));
        foreach (var result in outcome.Workflows)
        {
            var mark = writer.Begin(3);
            Write(writer, result, outputBytesMax);
            writer.End(mark);
        }

        if (outcome.RetriesGranted > 0) writer.Number(4, outcome.RetriesGranted);
    }

    public static SlotOutcome? ReadSlotOutcome(ref FieldReader reader)
    {
        var state = SlotState.Failed;
        var reason = "";
        var results = new List<WorkflowResult>();
        var granted = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: state = reader.Choice("state", SlotState.Cancelled); break;
                case 2: reason = reader.Text("reason", JobLimits.ReasonLengthMax); break;
                case 3:
                    reader.Element("workflows", results, JobLimits.WorkflowsMax, ReadWorkflowResult);
                    break;
                case 4: granted = reader.Integer("granted", 0, JobLimits.RetryBudgetMax); break;
                default: break;
            }
        }

        reader.Require(1, "state");
        reader.Require(2, "reason");
        for (var i = 1; i < results.Count; i++)
        {
            if (results[i - 1].Workflow < results[i].Workflow) continue;
            reader.Fail($"workflows[{i}] is out of order");
            break;
        }

        return reader.Fault is null
            ? new SlotOutcome(state, reason, results) { RetriesGranted = granted }
            : null;
    }

    private static void Write(FieldWriter writer, ErrorCount kind)
    {
        writer.Text(1, kind.Kind);
        writer.Number(2, kind.Count);
    }

    private static ErrorCount? ReadErrorCount(ref FieldReader reader)
    {
        var kind = "";
        var count = 0L;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: kind = reader.Text("kind", JobLimits.NameLengthMax); break;
                case 2: count = reader.Number("count", 1, JobLimits.CountMax); break;
                default: break;
            }
        }

        reader.Require(1, "kind");
        reader.Require(2, "count");
        return reader.Fault is null ? new ErrorCount(kind, count) : null;
    }
}
