using System.Globalization;
using System.Text;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>Text that someone else wrote, as it is shown in a message: short, on one line, and without
/// anything that a terminal would obey.</summary>
internal static class FoundText
{
    private const int ShownMax = 40;

    public static string Quoted(string text) => $"\"{Shown(text)}\"";

    public static string Shown(string text, int shownMax = ShownMax)
    {
        var clipped = ClippedText.Of(text, shownMax);
        var shown = new StringBuilder();
        foreach (var c in clipped)
        {
            if (char.IsControl(c)) shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else shown.Append(c);
        }

        return clipped.Length < text.Length ? $"{shown}..." : shown.ToString();
    }

    /// <summary>The names as a sentence lists them.</summary>
    public static string Listed(IReadOnlyList<string> names) => names.Count switch
    {
        0 => "nothing",
        1 => names[0],
        _ => $"{string.Join(", ", names.Take(names.Count - 1))} and {names[^1]}",
    };
}
