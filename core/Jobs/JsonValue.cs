using System.Globalization;
using System.Text.Json;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>A value in the job file, where it stands, and whom to tell what is wrong with it.</summary>
/// <remarks>Each reading method gives null after it has reported a fault. All faults have one form: what is
/// there, then what is allowed.</remarks>
internal readonly struct JsonValue(JsonElement element, string path, JobFileFindings findings)
{
    public string Path => path;

    public JobFileFindings Findings => findings;

    public bool IsNull => element.ValueKind == JsonValueKind.Null;

    private string Found => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => TryText(out var text) ? FoundText.Quoted(text) : "half a character",
        JsonValueKind.Number => FoundText.Shown(element.GetRawText()),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null => "null",
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {element.ValueKind}"),
    };

    public void Fault(string message) => findings.Fault(path, message);

    public void Note(string message) => findings.Note(path, message);

    public void Refuse(string allowed, string hint = "") =>
        Fault($"is {Found}; {allowed} is allowed{hint}");

    /// <summary>As <see cref="Refuse"/>, with a guess which of the known names was meant.</summary>
    public void RefuseName(string allowed, string name, IEnumerable<string> known)
    {
        if (!findings.IsFull) Refuse(allowed, NearestName.Hint(name, known));
    }

    public bool? Flag()
    {
        if (element.ValueKind is JsonValueKind.True or JsonValueKind.False) return element.GetBoolean();
        Refuse("true or false");
        return null;
    }

    public long? Whole(long min, long max)
    {
        // JSON does not tell 1.0 from 1, and some writers know only the former.
        if (element.ValueKind == JsonValueKind.Number && element.TryGetDecimal(out var number)
            && number == decimal.Truncate(number) && number >= min && number <= max)
            return (long)number;
        Refuse($"a whole number from {min} to {max}");
        return null;
    }

    public int? Integer(int min, int max) => (int?)Whole(min, max);

    public Duration? Duration(Duration longest)
    {
        var shortest = Kernel.Duration.FromMilliseconds(1);
        if (TryDuration(out var duration) && duration >= shortest && duration <= longest) return duration;
        Refuse($"{Kernel.Duration.Grammar}, from {shortest} to {Days(longest)}");
        return null;
    }

    /// <summary>A text of at most <paramref name="lengthMax"/> characters.</summary>
    public string? Text(int lengthMax)
    {
        if (element.ValueKind != JsonValueKind.String || !TryText(out var text))
            Refuse("a text");
        else if (text.Length > lengthMax)
            Fault($"has {text.Length} characters; at most {lengthMax} are allowed");
        else
            return text;
        return null;
    }

    /// <summary>A text that names something.</summary>
    public string? Name()
    {
        if (Text(JobLimits.NameLengthMax) is not { } name) return null;
        if (name.Length > 0 && name == name.Trim() && !name.Any(char.IsControl)) return name;
        Refuse($"a name of 1 to {JobLimits.NameLengthMax} characters, without blanks around it and without "
            + "control characters,");
        return null;
    }

    /// <summary>The elements of a list, without those beyond the bound.</summary>
    public IReadOnlyList<JsonValue> Items(string allowed, int countMin, int countMax)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            Refuse($"a list of {allowed}");
            return [];
        }

        var count = element.GetArrayLength();
        if (count < countMin || count > countMax)
            Fault($"has {count} elements; {countMin} to {countMax} are allowed");
        var (place, told) = (path, findings);
        return [.. element.EnumerateArray().Take(countMax)
            .Select((item, at) => new JsonValue(item, $"{place}[{at}]", told))];
    }

    /// <summary>The fields of an object of which all names are known.</summary>
    public JsonFields? Fields(IReadOnlyList<string> known)
    {
        var fields = AnyFields($"an object with {FoundText.Listed(known)}");
        fields?.RefuseUnknown(known);
        return fields;
    }

    /// <summary>The fields of an object with names of any kind.</summary>
    public JsonFields? AnyFields(string allowed)
    {
        if (element.ValueKind == JsonValueKind.Object) return new JsonFields(element, path, findings);
        Refuse(allowed);
        return null;
    }

    private bool TryDuration(out Duration duration)
    {
        duration = default;
        if (element.ValueKind == JsonValueKind.String)
            return TryText(out var text) && Kernel.Duration.TryParse(text, out duration);
        if (element.ValueKind != JsonValueKind.Number) return false;
        if (!element.TryGetDecimal(out var seconds)) return false;
        if (seconds < 0 || seconds > long.MaxValue / 1_000_000_000) return false;
        duration = new Duration((long)(seconds * 1_000_000_000));
        return true;
    }

    private bool TryText(out string text)
    {
        text = "";
        try
        {
            text = element.GetString() ?? "";
            return true;
        }
        // An escaped half of a surrogate pair is well-formed JSON and no text.
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string Days(Duration duration)
    {
        var day = Kernel.Duration.FromSeconds(24 * 3600);
        return duration.Nanoseconds % day.Nanoseconds == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{duration.Nanoseconds / day.Nanoseconds}d")
            : duration.ToString();
    }
}
