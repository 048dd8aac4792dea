using System.Text.Json;
using System.Text.Json.Serialization;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>A plan as JSON: durations as texts, enums as names.</summary>
public static class PlanFile
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new DurationConverter() },
    };

    public static string Write(Plan plan) => JsonSerializer.Serialize(plan, Options) + "\n";

    /// <summary>Reads a plan; null, with the fault, when the text holds none.</summary>
    public static Plan? Read(string text, out string fault)
    {
        fault = "";
        try
        {
            var plan = JsonSerializer.Deserialize<Plan>(text, Options);
            if (plan is null) fault = "the plan is null; an object is expected";
            else if (plan.Format != Plan.FormatVersion)
                fault = $"format is {plan.Format}; this build reads {Plan.FormatVersion}";
            else fault = PlanCheck.Fault(plan) ?? "";
            return fault == "" ? plan : null;
        }
        catch (JsonException e)
        {
            fault = $"{e.Path}: {e.Message}";
            return null;
        }
    }

    private sealed class DurationConverter : JsonConverter<Duration>
    {
        public override Duration Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
            if (Duration.TryParse(text, out var duration)) return duration;
            throw new JsonException($"'{text}' is no duration; {Duration.Grammar} is");
        }

        public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
