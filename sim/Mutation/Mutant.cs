using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Hyperscale.Det.Sim.Mutation;

/// <summary>A known-bad version of core: one small wrong change that some checker has to notice.</summary>
/// <param name="File">Path in the source tree, for example <c>core/Nodes/GateNode.cs</c>.</param>
/// <param name="Find">Text that is in the file exactly once.</param>
/// <param name="Checkers">Those that may notice it first; none where only a test of core can, since no run
/// comes to where it matters, or too few do.</param>
/// <param name="About">What is wrong with it, in one sentence.</param>
public sealed record Mutant(
    string Name, string File, string Find, string Replace, IReadOnlyList<string> Checkers, string About)
{
    private const string FindMark = "--- find\n";
    private const string ReplaceMark = "--- replace\n";

    private const string Expected =
        "'about:', 'file:' and 'checker:', or 'test:' in its place, are expected before '--- find'";

    /// <summary>The test of core that fails with it, as type and method below the namespace of the tests;
    /// null where a checker notices it.</summary>
    public string? Test { get; init; }

    /// <summary>Seeds of the swarm profile that it took when it was last hunted; null where it was not, with
    /// the plans that seeds make.</summary>
    public long? Seeds { get; init; }

    /// <summary>Reads a mutant: lines <c>about:</c>, <c>file:</c>, and <c>checker:</c>, perhaps with
    /// <c>seeds:</c>, or <c>test:</c>, then the text to find and its replacement behind their
    /// marks.</summary>
    public static bool TryRead(
        string name, string text, [NotNullWhen(true)] out Mutant? mutant, out string fault)
    {
        mutant = null;
        var find = text.IndexOf(FindMark, StringComparison.Ordinal);
        var replace = text.IndexOf(ReplaceMark, StringComparison.Ordinal);
        fault = $"mutant {name}: '--- find' and then '--- replace' are expected, each on a line of its own";
        if (find < 0 || replace < find) return false;
        var head = text[..find].Split('\n');
        var (about, file, test) = (Field(head, "about"), Field(head, "file"), Field(head, "test"));
        var checkers = Field(head, "checker");
        var isHunted = long.TryParse(
            Field(head, "seeds"), NumberStyles.None, CultureInfo.InvariantCulture, out var seeds);
        fault = $"mutant {name}: {Expected}";
        if (about is null || file is null || checkers is null == test is null) return false;
        fault = "";
        mutant = new Mutant(
            name,
            file,
            text[(find + FindMark.Length)..replace].TrimEnd('\n'),
            text[(replace + ReplaceMark.Length)..].TrimEnd('\n'),
            checkers?.Split(',', StringSplitOptions.TrimEntries) ?? [],
            about)
        {
            Test = test,
            Seeds = isHunted ? seeds : null,
        };
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
        return line?[(key.Length + 1)..].Trim() is { Length: > 0 } value ? value : null;
    }
}
