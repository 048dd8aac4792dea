using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Shell.Workloads;

/// <summary>One line that a workload's process tells its worker: cumulative numbers while it runs, then
/// either an exit code, with the final numbers, or a fault.</summary>
internal sealed record WorkloadReport(WorkloadNumbers? Numbers, int? ExitCode, string? Fault)
{
    /// <summary>Longest line: every bucket of a histogram in use, and every kind of error.</summary>
    public const int LineBytesMax = 512 * 1024;

    public byte[] ToLine() =>
        [.. JsonSerializer.SerializeToUtf8Bytes(this, WorkloadJson.Default.WorkloadReport), (byte)'\n'];

    /// <summary>Reads a line; false with what is wrong when no workload of ours would write it.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> line, out RunStats? stats, out int? exitCode, out string? fault, out string error)
    {
        stats = null;
        (exitCode, fault, error) = (null, null, "");
        try
        {
            var report = JsonSerializer.Deserialize(line, WorkloadJson.Default.WorkloadReport);
            if (report?.Numbers is not null && !report.Numbers.TryRead(out stats, out error)) return false;
            (exitCode, fault) = (report?.ExitCode, report?.Fault);
        }
        catch (JsonException e)
        {
            error = e.Message;
            return false;
        }

        if (fault is not null) fault = JobLimits.Clip(fault);
        if (stats is not null || exitCode is not null || fault is not null) return true;
        error = "neither numbers nor an exit code nor a fault";
        return false;
    }
}

/// <summary><see cref="RunStats"/> as JSON; buckets as index, count, index, count ...</summary>
internal sealed record WorkloadNumbers(
    long Requests,
    long Errors,
    long Dropped,
    long BytesReceived,
    long Min,
    long Max,
    IReadOnlyList<long> Buckets,
    IReadOnlyDictionary<string, long> ErrorKinds)
{
    public static WorkloadNumbers Of(RunStats stats) => new(
        stats.Requests,
        stats.Errors,
        stats.Dropped,
        stats.BytesReceived,
        stats.Latency.Min,
        stats.Latency.Max,
        [.. stats.Latency.Buckets.SelectMany(b => new[] { b.Index, b.Count })],
        stats.ErrorKinds.ToDictionary(k => k.Kind, k => k.Count));

    public bool TryRead([NotNullWhen(true)] out RunStats? stats, out string error)
    {
        stats = null;
        error = "";
        if (Requests < 0 || Errors < 0 || Errors > Requests || Dropped < 0 || BytesReceived < 0)
            error = "counts that contradict each other";
        else if (Buckets is null || Buckets.Count % 2 != 0 || Buckets.Count > 2 * LatencyHistogram.BucketsMax)
            error = "malformed buckets";
        else if (ErrorKinds is null || ErrorKinds.Count > JobLimits.ErrorKindsMax)
            error = "too many kinds of errors";
        else if (ErrorKinds.Any(k => k.Value <= 0 || k.Key.Length > JobLimits.NameLengthMax))
            error = "malformed kinds of errors";
        if (error != "") return false;
        var buckets = Buckets!.Chunk(2)
            .Select(b => new LatencyHistogram.Bucket((int)Math.Clamp(b[0], -1, int.MaxValue), b[1]))
            .ToList();
        if (!LatencyHistogram.TryCreate(buckets, Min, Max, out var latency) || latency.Count > Requests)
        {
            error = "latencies that contradict each other";
            return false;
        }

        var kinds = ErrorKinds!.OrderBy(k => k.Key, StringComparer.Ordinal)
            .Select(k => new ErrorCount(k.Key, k.Value));
        stats = new RunStats(Requests, Errors, Dropped, BytesReceived, latency, [.. kinds]);
        return true;
    }
}

/// <summary>What an http workload's process is told to do.</summary>
/// <param name="Headers">Name, value, name, value ...</param>
/// <param name="Expect">Statuses that are no error; empty for 200 to 399.</param>
internal sealed record HttpOrder(
    string Method,
    string Url,
    IReadOnlyList<string> Headers,
    string? Body,
    IReadOnlyList<int> Expect,
    long TimeoutNanoseconds,
    long DurationNanoseconds,
    int? Vus,
    int? Rate);

/// <summary>What an exec workload's process is told to run.</summary>
internal sealed record CommandOrder(IReadOnlyList<string> Command, IReadOnlyList<string> Environment);

// Generated code, so that the start of a workload pays for no reflection; defaults are kept strict, so that
// a member that is missing is an error and not a zero.
[JsonSourceGenerationOptions(
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(WorkloadReport))]
[JsonSerializable(typeof(HttpOrder))]
[JsonSerializable(typeof(CommandOrder))]
internal sealed partial class WorkloadJson : JsonSerializerContext;
