using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace Hyperscale.Det.Jobs;

/// <summary>Writes a job as a job file: the inverse of <see cref="JobSpecReader"/>.</summary>
/// <remarks>Fields have one order. Defaults are written out, so that the text means the same whatever the
/// defaults of its reader are; what is absent without a default stays absent. The target is filled in
/// already.</remarks>
public static class JobSpecWriter
{
    /// <summary>The job's one form in bytes: equal for equal jobs only. It can be larger than a job file may
    /// be, because it writes every character beyond ASCII as its number.</summary>
    public static byte[] Canonical(JobSpec spec)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, spec);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Whether two jobs are the same in every field. The records' own equality compares their lists
    /// by reference.</summary>
    public static bool AreEqual(JobSpec a, JobSpec b) => Canonical(a).AsSpan().SequenceEqual(Canonical(b));

    /// <summary>Writes the job as one JSON object; form and escapes are the writer's.</summary>
    public static void Write(Utf8JsonWriter writer, JobSpec spec)
    {
        writer.WriteStartObject();
        writer.WriteString("name", spec.Name);
        writer.WriteStartObject("datacenters");
        writer.WriteNumber("count", spec.Datacenters.Count);
        Texts(writer, "preferred", spec.Datacenters.Preferred);
        Texts(writer, "only", spec.Datacenters.Only);
        writer.WriteEndObject();
        Optional(writer, "retryBudget", spec.RetryBudget);
        Optional(writer, "retryBudgetPerWorkflow", spec.RetryBudgetPerWorkflow);
        if (spec.BestEffort is { } bestEffort) Write(writer, bestEffort);
        if (spec.Slo is { } slo) Write(writer, slo);
        Texts(writer, "thresholds", spec.Thresholds.Select(threshold => threshold.Text));
        ImmutableArray<string> names = [.. spec.Workflows.Select(workflow => workflow.Name)];
        writer.WriteStartArray("workflows");
        foreach (var workflow in spec.Workflows) Write(writer, workflow, names);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, BestEffortSpec bestEffort)
    {
        writer.WriteStartObject("bestEffort");
        writer.WriteBoolean("enabled", bestEffort.Enabled);
        Optional(writer, "minDcs", bestEffort.MinDcs);
        if (bestEffort.Deadline is { } deadline) writer.WriteString("deadline", deadline.ToString());
        writer.WriteBoolean("waitForAll", bestEffort.WaitForAll);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, SloSpec slo)
    {
        writer.WriteStartObject("slo");
        Optional(writer, "p50Ms", slo.P50Ms);
        Optional(writer, "p95Ms", slo.P95Ms);
        Optional(writer, "p99Ms", slo.P99Ms);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, WorkflowSpec workflow, ImmutableArray<string> names)
    {
        writer.WriteStartObject();
        writer.WriteString("name", workflow.Name);
        writer.WriteString("kind", KindName(workflow.Kind));
        writer.WriteNumber("cores", workflow.Cores);
        writer.WriteString("duration", workflow.Duration.ToString());
        writer.WriteString("timeout", workflow.Timeout.ToString());
        Optional(writer, "vus", workflow.Vus);
        if (workflow.Ramp is { } ramp) writer.WriteString("ramp", ramp.ToString());
        Optional(writer, "rate", workflow.Rate);
        Texts(writer, "dependsOn", workflow.DependsOn.Select(index => names[index]));
        if (workflow.Http is { } http) Write(writer, http);
        if (workflow.Exec is { } exec)
        {
            writer.WriteStartObject("exec");
            Texts(writer, "command", exec.Command);
            writer.WriteEndObject();
        }

        if (workflow.Budget is { } budget) Write(writer, budget);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, HttpSpec http)
    {
        writer.WriteStartObject("http");
        writer.WriteString("method", http.Method);
        writer.WriteString("url", http.Url);
        writer.WriteStartObject("headers");
        foreach (var header in http.Headers) writer.WriteString(header.Name, header.Value);
        writer.WriteEndObject();
        if (http.Body is { } body) writer.WriteString("body", body);
        writer.WriteStartArray("expect");
        foreach (var status in http.Expect) writer.WriteNumberValue(status);
        writer.WriteEndArray();
        writer.WriteString("timeout", http.Timeout.ToString());
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, ResourceBudget budget)
    {
        writer.WriteStartObject("budget");
        Optional(writer, "cpuPercent", budget.CpuPercent);
        Optional(writer, "memoryBytes", budget.MemoryBytes);
        Optional(writer, "fileDescriptors", budget.FileDescriptors);
        // Left out by default, so that the fingerprints of jobs that never heard of it stay.
        if (budget.RetryKilled) writer.WriteBoolean("retryKilled", true);
        writer.WriteEndObject();
    }

    private static string KindName(WorkflowKind kind) => kind switch
    {
        WorkflowKind.Http => "http",
        WorkflowKind.Exec => "exec",
    };

    private static void Texts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    private static void Optional(Utf8JsonWriter writer, string name, long? number)
    {
        if (number is { } value) writer.WriteNumber(name, value);
    }
}
