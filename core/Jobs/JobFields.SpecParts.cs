using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Jobs;

public static partial class JobFields
{
    public static void Write(FieldWriter writer, DatacenterChoice choice)
    {
        writer.Number(1, choice.Count);
        foreach (var name in choice.Preferred) writer.Text(2, name);
        foreach (var name in choice.Only) writer.Text(3, name);
    }

    public static DatacenterChoice? ReadDatacenterChoice(ref FieldReader reader)
    {
        var count = 0;
        var preferred = new List<string>();
        var only = new List<string>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: count = reader.Integer("count", 1, JobLimits.DatacentersMax); break;
                case 2 when reader.HasRoom("preferred", preferred.Count, JobLimits.DatacentersMax):
                    preferred.Add(reader.Text("preferred", JobLimits.NameLengthMax));
                    break;
                case 3 when reader.HasRoom("only", only.Count, JobLimits.DatacentersMax):
                    only.Add(reader.Text("only", JobLimits.NameLengthMax));
                    break;
                default: break;
            }
        }

        reader.Require(1, "count");
        return reader.Fault is null ? new DatacenterChoice(count, preferred, only) : null;
    }

    private static void Write(FieldWriter writer, BestEffortSpec spec)
    {
        writer.Flag(1, spec.Enabled);
        if (spec.MinDcs is { } minDcs) writer.Number(2, minDcs);
        if (spec.Deadline is { } deadline) writer.Number(3, deadline.Nanoseconds);
        writer.Flag(4, spec.WaitForAll);
    }

    private static BestEffortSpec? ReadBestEffort(ref FieldReader reader)
    {
        bool enabled = false, waitForAll = false;
        int? minDcs = null;
        Duration? deadline = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: enabled = reader.Flag("enabled"); break;
                case 2: minDcs = reader.Integer("minDcs", 0, JobLimits.DatacentersMax); break;
                case 3: deadline = ReadDuration(ref reader, "deadline"); break;
                case 4: waitForAll = reader.Flag("waitForAll"); break;
                default: break;
            }
        }

        reader.Require(1, "enabled");
        reader.Require(4, "waitForAll");
        return reader.Fault is null ? new BestEffortSpec(enabled, minDcs, deadline, waitForAll) : null;
    }

    private static void Write(FieldWriter writer, SloSpec slo)
    {
        if (slo.P50Ms is { } p50) writer.Number(1, p50);
        if (slo.P95Ms is { } p95) writer.Number(2, p95);
        if (slo.P99Ms is { } p99) writer.Number(3, p99);
    }

    private static SloSpec? ReadSlo(ref FieldReader reader)
    {
        int? p50 = null, p95 = null, p99 = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: p50 = ReadTarget(ref reader, "p50Ms"); break;
                case 2: p95 = ReadTarget(ref reader, "p95Ms"); break;
                case 3: p99 = ReadTarget(ref reader, "p99Ms"); break;
                default: break;
            }
        }

        return reader.Fault is null ? new SloSpec(p50, p95, p99) : null;
    }

    private static int ReadTarget(ref FieldReader reader, string name) =>
        reader.Integer(name, 1, JobLimits.SloMillisecondsMax);

    private static void Write(FieldWriter writer, Threshold threshold)
    {
        writer.Number(1, (long)threshold.Metric);
        writer.Number(2, (long)threshold.Operator);
        writer.Number(3, threshold.LimitMillionths);
        writer.Text(4, threshold.Text);
    }

    private static Threshold? ReadThreshold(ref FieldReader reader)
    {
        var metric = ThresholdMetric.P50Ms;
        var comparison = ThresholdOperator.Below;
        var limit = 0L;
        var text = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: metric = reader.Choice("metric", ThresholdMetric.Requests); break;
                case 2: comparison = reader.Choice("operator", ThresholdOperator.AtLeast); break;
                case 3: limit = reader.Number("limit"); break;
                case 4: text = reader.Text("text", JobLimits.ThresholdLengthMax); break;
                default: break;
            }
        }

        reader.Require(1, "metric");
        reader.Require(2, "operator");
        reader.Require(3, "limit");
        reader.Require(4, "text");
        return reader.Fault is null ? new Threshold(metric, comparison, limit, text) : null;
    }

    private static void Write(FieldWriter writer, HttpSpec http)
    {
        writer.Text(1, http.Method);
        writer.Text(2, http.Url);
        foreach (var header in http.Headers) writer.Nested(3, header, Write);
        if (http.Body is { } body) writer.Text(4, body);
        foreach (var status in http.Expect) writer.Number(5, status);
        writer.Number(6, http.Timeout.Nanoseconds);
    }

    private static HttpSpec? ReadHttp(ref FieldReader reader)
    {
        string method = "", url = "";
        string? body = null;
        var headers = new List<HttpHeader>();
        var expect = new List<int>();
        Duration timeout = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: method = reader.Text("method", JobLimits.MethodLengthMax); break;
                case 2: url = reader.Text("url", JobLimits.UrlLengthMax); break;
                case 3: reader.Element("headers", headers, JobLimits.HeadersMax, ReadHeader); break;
                case 4: body = reader.Text("body", JobLimits.BodyLengthMax); break;
                case 5 when reader.HasRoom("expect", expect.Count, JobLimits.ExpectMax):
                    expect.Add(reader.Integer("expect", 0, JobLimits.StatusCodeMax));
                    break;
                case 6: timeout = ReadDuration(ref reader, "timeout"); break;
                default: break;
            }
        }

        reader.Require(1, "method");
        reader.Require(2, "url");
        reader.Require(6, "timeout");
        return reader.Fault is null ? new HttpSpec(method, url, headers, body, expect, timeout) : null;
    }

    private static void Write(FieldWriter writer, HttpHeader header)
    {
        writer.Text(1, header.Name);
        writer.Text(2, header.Value);
    }

    private static HttpHeader? ReadHeader(ref FieldReader reader)
    {
        string name = "", value = "";
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: name = reader.Text("name", JobLimits.HeaderLengthMax); break;
                case 2: value = reader.Text("value", JobLimits.HeaderLengthMax); break;
                default: break;
            }
        }

        reader.Require(1, "name");
        reader.Require(2, "value");
        return reader.Fault is null ? new HttpHeader(name, value) : null;
    }

    private static void Write(FieldWriter writer, ExecSpec exec)
    {
        foreach (var part in exec.Command) writer.Text(1, part);
    }

    private static ExecSpec? ReadExec(ref FieldReader reader)
    {
        var command = new List<string>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1 when reader.HasRoom("command", command.Count, JobLimits.CommandPartsMax):
                    command.Add(reader.Text("command", JobLimits.CommandPartLengthMax));
                    break;
                default: break;
            }
        }

        reader.Require(1, "command");
        return reader.Fault is null ? new ExecSpec(command) : null;
    }

    private static void Write(FieldWriter writer, ResourceBudget budget)
    {
        if (budget.CpuPercent is { } cpu) writer.Number(1, cpu);
        if (budget.MemoryBytes is { } memory) writer.Number(2, memory);
        if (budget.FileDescriptors is { } descriptors) writer.Number(3, descriptors);
        if (budget.RetryKilled) writer.Flag(4, true);
    }

    private static ResourceBudget? ReadResourceBudget(ref FieldReader reader)
    {
        int? cpu = null, descriptors = null;
        long? memory = null;
        var isRetried = false;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: cpu = reader.Integer("cpuPercent", 1); break;
                case 2: memory = reader.Number("memoryBytes", 1); break;
                case 3: descriptors = reader.Integer("fileDescriptors", 1); break;
                case 4: isRetried = reader.Flag("retryKilled"); break;
                default: break;
            }
        }

        return reader.Fault is null ? new ResourceBudget(cpu, memory, descriptors, isRetried) : null;
    }
}
