using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Json;

/// <summary>An enum as the camelCase name of its value; numbers are refused.</summary>
internal sealed class LowerCamel<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, false)
    where T : struct, Enum;

internal sealed class JobIdConverter : JsonConverter<JobId>
{
    public override JobId Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JobId.TryParse(reader.GetString(), out var id)
            ? id
            : throw new JsonException("a job id has the form group-op, for example 012-0000000042");

    public override void Write(Utf8JsonWriter writer, JobId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

/// <summary>ISO 8601 with milliseconds, always UTC.</summary>
internal sealed class WallTimeConverter : JsonConverter<WallTime>
{
    private const string Form = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    // The years that the form can say: 1 to 9999. A clock that is further off is shown at their end.
    private static readonly long Min = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Max = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public static string Text(WallTime time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(time.UnixMilliseconds, Min, Max))
            .ToString(Form, CultureInfo.InvariantCulture);

    public override WallTime Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var (text, culture) = (reader.GetString(), CultureInfo.InvariantCulture);
        var isTime = DateTimeOffset.TryParseExact(
            text, Form, culture, DateTimeStyles.AssumeUniversal, out var time);
        return isTime
            ? new WallTime(time.ToUnixTimeMilliseconds())
            : throw new JsonException("a time has the form 2026-01-31T23:59:59.999Z");
    }

    public override void Write(Utf8JsonWriter writer, WallTime value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Text(value));
}

internal sealed class DurationConverter : JsonConverter<Duration>
{
    public override Duration Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Duration.TryParse(reader.GetString() ?? "", out var duration)
            ? duration
            : throw new JsonException($"{Duration.Grammar} is needed");

    public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
