using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Shell.Workloads;

/// <summary>One line that a workload's process tells its worker: cumulative numbers while it runs, then
/// either an exit code, with the final numbers, or a fault.</summary>
internal sealed record WorkloadReport(WorkloadNumbers? Numbers, int? ExitCode, string? Fault)
{
    /// <summary>Longest line: two digests with all their centroids, and every kind of error.</summary>
    public const int LineBytesMax = 256 * 1024;

    public byte[] ToLine() =>
        [.. JsonSerializer.SerializeToUtf8Bytes(this, WorkloadJson.Default.WorkloadReport), (byte)'\n'];

    /// <summary>Reads a line; false with what is wrong when no workload of ours would write it.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> line,
        out MeasuredLoad? load,
        out int? exitCode,
        out string? fault,
        out string error)
    {
        load = null;
        (exitCode, fault, error) = (null, null, "");
        try
        {
            var report = JsonSerializer.Deserialize(line, WorkloadJson.Default.WorkloadReport);
            if (report?.Numbers is not null && !report.Numbers.TryRead(out load, out error)) return false;
            (exitCode, fault) = (report?.ExitCode, report?.Fault);
        }
        catch (JsonException e)
        {
            error = e.Message;
            return false;
        }

        if (fault is not null) fault = JobLimits.Clip(fault);
        if (load is not null || exitCode is not null || fault is not null) return true;
        error = "neither numbers nor an exit code nor a fault";
        return false;
    }
}

/// <summary>What a workload has measured.</summary>
/// <param name="Stats">Cumulative.</param>
/// <param name="Recent">Latencies since the last time.</param>
internal sealed record MeasuredLoad(RunStats Stats, LatencyDigest Recent);

/// <summary><see cref="MeasuredLoad"/> as JSON.</summary>
internal sealed record WorkloadNumbers(
    long Requests,
    long Errors,
    long Dropped,
    long BytesReceived,
    DigestNumbers Latency,
    DigestNumbers Recent,
    IReadOnlyDictionary<string, long> ErrorKinds)
{
    public static WorkloadNumbers Of(MeasuredLoad load) => new(
        load.Stats.Requests,
        load.Stats.Errors,
        load.Stats.Dropped,
        load.Stats.BytesReceived,
        DigestNumbers.Of(load.Stats.Latency),
        DigestNumbers.Of(load.Recent),
        load.Stats.ErrorKinds.ToDictionary(k => k.Kind, k => k.Count));

    public bool TryRead([NotNullWhen(true)] out MeasuredLoad? load, out string error)
    {
        load = null;
        error = "";
        if (Requests < 0 || Errors < 0 || Errors > Requests || Dropped < 0 || BytesReceived < 0)
            error = "counts that contradict each other";
        else if (ErrorKinds is null || ErrorKinds.Count > JobLimits.ErrorKindsMax)
            error = "too many kinds of errors";
        else if (ErrorKinds.Any(k => k.Value <= 0 || k.Key.Length > JobLimits.NameLengthMax))
            error = "malformed kinds of errors";
        if (error != "") return false;
        if (!Latency.TryRead(out var latency) || !Recent.TryRead(out var recent)
            || latency.Count > Requests || recent.Count > latency.Count)
        {
            error = "latencies that contradict each other";
            return false;
        }

        var kinds = ErrorKinds!.OrderBy(k => k.Key, StringComparer.Ordinal)
            .Select(k => new ErrorCount(k.Key, k.Value));
        load = new MeasuredLoad(
            new RunStats(Requests, Errors, Dropped, BytesReceived, latency, [.. kinds]), recent);
        return true;
    }
}

/// <summary><see cref="LatencyDigest"/> as JSON, in nanoseconds; centroids as mean, weight, mean, weight ...
/// </summary>
internal sealed record DigestNumbers(long Min, long Max, IReadOnlyList<long> Centroids)
{
    public static DigestNumbers Of(LatencyDigest digest) => new(
        digest.Min.Nanoseconds,
        digest.Max.Nanoseconds,
        [.. digest.Centroids.SelectMany(c => new[] { c.MeanNanoseconds, c.Weight })]);

    public bool TryRead(out LatencyDigest digest)
    {
        digest = LatencyDigest.Empty;
        return Centroids.Count % 2 == 0 && Centroids.Count <= 2 * LatencyDigest.CentroidsMax
            && LatencyDigest.TryCreate(
                [.. Centroids.Chunk(2).Select(c => new Centroid(c[0], c[1]))],
                Duration.FromNanoseconds(Min), Duration.FromNanoseconds(Max), out digest);
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
    long? RampNanoseconds,
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
