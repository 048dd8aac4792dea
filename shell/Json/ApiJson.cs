using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hyperscale.Det.Shell.Json;

/// <summary>Generated readers and writers of everything the HTTP API and the command line exchange as JSON.
/// </summary>
/// <remarks>camelCase names; durations as text such as <c>1m30s</c>; times in ISO 8601, UTC; latencies in
/// milliseconds with the microseconds as decimals. Readers demand every member that is always written and
/// skip members they do not know, so that a newer gate can say more.</remarks>
[JsonSerializable(typeof(AcceptedJson))]
[JsonSerializable(typeof(ClusterJson))]
[JsonSerializable(typeof(DoctorJson))]
[JsonSerializable(typeof(ExplanationJson))]
[JsonSerializable(typeof(JobListJson))]
[JsonSerializable(typeof(ProblemJson))]
[JsonSerializable(typeof(ReportJson))]
[JsonSerializable(typeof(RoutingJson))]
[JsonSerializable(typeof(StatusJson))]
[JsonSerializable(typeof(ValidationJson))]
public sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>One line, as sent over the network.</summary>
    public static readonly ApiJson Compact = new(Settings(isIndented: false));

    /// <summary>For people and for files that people open.</summary>
    public static readonly ApiJson Indented = new(Settings(isIndented: true));

    private static JsonSerializerOptions Settings(bool isIndented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = isIndented,
        IndentSize = 2,
        // Nothing of this is ever put into a page, so "p95Ms < 200" may be written as it is.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        MaxDepth = 64,
        Converters =
        {
            new JobIdConverter(),
            new WallTimeConverter(),
            new DurationConverter(),
            new LowerCamel<Jobs.JobState>(),
            new LowerCamel<Jobs.JobConclusion>(),
            new LowerCamel<Jobs.SlotPhase>(),
            new LowerCamel<Jobs.SlotState>(),
            new LowerCamel<Jobs.WorkflowPhase>(),
            new LowerCamel<Jobs.AttemptState>(),
            new LowerCamel<Capacity.DatacenterHealth>(),
            new LowerCamel<Routing.RoutingOutcome>(),
        },
    };
}
