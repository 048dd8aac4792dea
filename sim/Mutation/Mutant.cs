using System.Diagnostics.CodeAnalysis;

namespace Hyperscale.Det.Sim.Mutation;

/// <summary>A known-bad version of core: one small wrong change that some checker has to notice.</summary>
/// <param name="File">Path in the source tree, for example <c>core/Nodes/GateNode.cs</c>.</param>
/// <param name="Find">Text that is in the file exactly once.</param>
/// <param name="Checkers">Those that may notice it first.</param>
/// <param name="About">What is wrong with it, in one sentence.</param>
public sealed record Mutant(
    string Name, string File, string Find, string Replace, IReadOnlyList<string> Checkers, string About)
{
    private const string FindMark = "--- find\n";
    private const string ReplaceMark = "--- replace\n";

    private static readonly string[] Keys = ["about", "file", "checker"];

    /// <summary>Reads a mutant: lines <c>about:</c>, <c>file:</c> and <c>checker:</c>, then the text to find
    /// and its replacement behind their marks.</summary>
    public static bool TryRead(
        string name, string text, [NotNullWhen(true)] out Mutant? mutant, out string fault)
    {
        mutant = null;
        var find = text.IndexOf(FindMark, StringComparison.Ordinal);
        var replace = text.IndexOf(ReplaceMark, StringComparison.Ordinal);
        fault = $"mutant {name}: '--- find' and then '--- replace' are expected, each on a line of its own";
        if (find < 0 || replace < find) return false;
        var head = text[..find].Split('\n');
        var fields = Keys.Select(key => Field(head, key)).ToList();
        fault = $"mutant {name}: 'about:', 'file:' and 'checker:' are expected before '--- find'";
        if (fields.Any(field => field is null or "")) return false;
        fault = "";
        mutant = new Mutant(
            name,
            fields[1]!,
            text[(find + FindMark.Length)..replace].TrimEnd('\n'),
            text[(replace + ReplaceMark.Length)..].TrimEnd('\n'),
            fields[2]!.Split(',', StringSplitOptions.TrimEntries),
            fields[0]!);
        return true;
    }

    /// <summary>The file's text with the change made; null, with the fault, when what is to be changed is not
    /// there exactly once.</summary>
    public string? Apply(string source, out string fault)
    {
        var count = 0;
        for (var at = source.IndexOf(Find, StringComparison.Ordinal); at >= 0;
            at = source.IndexOf(Find, at + 1, StringComparison.Ordinal))
            count++;
        fault = count == 1
            ? ""
            : $"mutant {Name}: its text is in {File} {count} times; it has to be there once";
        return count == 1 ? source.Replace(Find, Replace, StringComparison.Ordinal) : null;
    }

    private static string? Field(string[] lines, string key)
    {
        var line = lines.FirstOrDefault(one => one.StartsWith(key + ":", StringComparison.Ordinal));
        return line?[(key.Length + 1)..].Trim();
    }
}
