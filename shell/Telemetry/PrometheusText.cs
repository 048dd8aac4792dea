using System.Globalization;
using System.Text;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>The lexical rules of the Prometheus text format 0.0.4.</summary>
public static class PrometheusText
{
    /// <summary>A metric or label name: what is not allowed in one becomes an underscore.</summary>
    public static string Name(string name)
    {
        var result = new StringBuilder(name.Length);
        foreach (var c in name) result.Append(char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_');
        if (result.Length == 0 || char.IsAsciiDigit(result[0])) result.Insert(0, '_');
        return result.ToString();
    }

    /// <summary>A label set in braces, sorted by name; empty without labels.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0) return "";
        var sorted = tags.ToArray();
        Array.Sort(sorted, (a, b) => string.CompareOrdinal(a.Key, b.Key));
        var result = new StringBuilder("{");
        foreach (var (name, value) in sorted)
        {
            if (result.Length > 1) result.Append(',');
            var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            result.Append(Name(name)).Append("=\"").Append(LabelValue(text)).Append('"');
        }

        return result.Append('}').ToString();
    }

    /// <summary>A label's value: backslash, quote and line feed are escaped.</summary>
    public static string LabelValue(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>A help text: backslash and line feed are escaped.</summary>
    public static string Help(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    public static string Value(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
