using System.Text.RegularExpressions;
using Hyperscale.Det.Tests.Architecture;

namespace Hyperscale.Det.Tests.Tla;

/// <summary>The modules and configurations in <c>tla/</c>.</summary>
internal static partial class Specifications
{
    public static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, "tla", file));

    /// <summary>Configurations of a module; those named <c>large</c> are for a faster checker.</summary>
    public static IReadOnlyList<string> ConfigsOf(string module) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "tla"), $"{module}-*.cfg")
            .Select(path => Path.GetFileName(path)!)
            .Order(StringComparer.Ordinal),
    ];

    public static IReadOnlyList<string> InvariantsOf(string config) =>
        [.. Invariant().Matches(Read(config)).Select(match => match.Groups[1].Value)];

    /// <summary>The rules that a module can break.</summary>
    public static IReadOnlyList<string> BugsOf(string module) =>
    [
        .. Bug().Matches(Read(module + ".tla"))
            .Select(match => match.Groups[1].Value)
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    [GeneratedRegex(@"^INVARIANT (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Invariant();

    [GeneratedRegex("Bug (?:=|#) \"(\\w+)\"")]
    private static partial Regex Bug();
}
