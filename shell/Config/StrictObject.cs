using System.Text.Json;

namespace Hyperscale.Det.Shell.Config;

/// <summary>The fields of one JSON object: each is taken by name, <see cref="Done"/> reports the rest, and
/// every fault is collected with its path.</summary>
internal sealed class StrictObject
{
    private readonly SortedDictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<string> _faults;
    private readonly string _path;

    private StrictObject(List<string> faults, string path)
    {
        _faults = faults;
        _path = path;
    }

    /// <summary>Takes an object apart; null, with a fault, when the value is none.</summary>
    public static StrictObject? Open(JsonElement element, string path, List<string> faults)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.Add($"{path}: is {Describe(element)}; an object is needed");
            return null;
        }

        var opened = new StrictObject(faults, path);
        foreach (var property in element.EnumerateObject()) opened._fields.Add(property.Name, property.Value);
        return opened;
    }

    public string PathOf(string name) => $"{_path}.{name}";

    public void Fault(string name, string what) => _faults.Add($"{PathOf(name)}: {what}");

    /// <summary>A field that may be absent.</summary>
    public JsonElement? Take(string name)
    {
        _known.Add(name);
        return _fields.Remove(name, out var value) ? value : null;
    }

    /// <summary>A text; empty, with a fault where it is required, when it is absent or ill-typed.</summary>
    public string Text(string name, bool isRequired, string needed)
    {
        var value = Take(name);
        if (value is { ValueKind: JsonValueKind.String } text && text.GetString() is { Length: > 0 } result)
            return result;
        if (value is not null) Fault(name, $"is {Describe(value.Value)}; {needed} is needed");
        else if (isRequired) Fault(name, $"is missing; {needed} is needed");
        return "";
    }

    public int Integer(string name, int min, int max, int? absent)
    {
        var value = Take(name);
        if (value is null && absent is not null) return absent.Value;
        if (value is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var result)
            && result >= min && result <= max)
            return result;
        var found = value is null ? "missing" : Describe(value.Value);
        Fault(name, $"is {found}; a whole number from {min} to {max} is needed");
        return min;
    }

    /// <summary>A list's elements with their paths; none, with a fault, when it is absent, empty or no list.
    /// </summary>
    public IReadOnlyList<(string Path, JsonElement Element)> List(string name, string needed)
    {
        var value = Take(name);
        if (value is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0)
            return [.. list.EnumerateArray().Select((element, i) => ($"{PathOf(name)}[{i}]", element))];
        Fault(name, $"is {(value is null ? "missing" : Describe(value.Value))}; {needed} is needed");
        return [];
    }

    /// <summary>Ends the object: what nobody took is unknown.</summary>
    public void Done()
    {
        foreach (var name in _fields.Keys)
            Fault(name, $"is unknown; allowed here: {string.Join(", ", _known)}");
    }

    private static string Describe(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => element.GetArrayLength() == 0 ? "an empty list" : "a list",
        JsonValueKind.String => $"the text '{element.GetString()}'",
        JsonValueKind.Number => $"the number {element.GetRawText()}",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null => "null",
        JsonValueKind.Undefined => "nothing",
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {element.ValueKind}"),
    };
}
