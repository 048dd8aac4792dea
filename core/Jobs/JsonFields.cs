using System.Text.Json;

namespace Hyperscale.Det.Jobs;

/// <summary>The fields of one object in the job file. A field that is null counts as absent.</summary>
internal sealed class JsonFields
{
    private readonly SortedDictionary<string, JsonValue> _fields = new(StringComparer.Ordinal);
    private readonly List<(string Name, JsonValue Value)> _inOrder = [];
    private readonly string _path;
    private readonly JobFileFindings _findings;

    public JsonFields(JsonElement element, string path, JobFileFindings findings)
    {
        (_path, _findings) = (path, findings);
        foreach (var property in element.EnumerateObject())
        {
            if (NameOf(property) is not { } name)
            {
                findings.Fault(path, "has a field whose name holds half a character; text is allowed");
                continue;
            }

            var value = new JsonValue(property.Value, PathOf(path, name), findings);
            if (_fields.TryAdd(name, value)) _inOrder.Add((name, value));
            else value.Fault("is given more than once; once is allowed");
        }
    }

    public string Path => _path;

    /// <summary>All fields, in the file's order.</summary>
    public IReadOnlyList<(string Name, JsonValue Value)> InOrder => _inOrder;

    /// <summary>The field, unless it is absent or null.</summary>
    public JsonValue? Find(string name) =>
        _fields.TryGetValue(name, out var value) && !value.IsNull ? value : null;

    /// <summary>The field; its absence is a fault.</summary>
    public JsonValue? Require(string name, string needed)
    {
        var found = Find(name);
        if (found is null) _findings.Fault(PathOf(_path, name), $"is missing; {needed} is needed");
        return found;
    }

    public void Fault(string message) => _findings.Fault(_path, message);

    public void Note(string message) => _findings.Note(_path, message);

    public void RefuseUnknown(IReadOnlyList<string> known)
    {
        foreach (var (name, value) in _inOrder)
        {
            if (_findings.IsFull) return;
            if (known.Contains(name)) continue;
            value.Fault($"is no field of the job file; allowed here: {FoundText.Listed(known)}"
                + NearestName.Hint(name, known));
        }
    }

    private static string PathOf(string path, string name)
    {
        var isPlain = name.Length is > 0 and <= 40
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
            && !char.IsAsciiDigit(name[0]);
        if (isPlain) return $"{path}.{name}";
        return $"{path}['{FoundText.Shown(name).Replace("'", "\\'", StringComparison.Ordinal)}']";
    }

    private static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        // An escaped half of a surrogate pair is well-formed JSON and no text.
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
