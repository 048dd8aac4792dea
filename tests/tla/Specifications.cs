using System.Text.RegularExpressions;

namespace Hyperscale.Det.Tests.Tla;

/// <summary>The modules and configurations in <c>tla/</c>.</summary>
internal static partial class Specifications
{
    public static string Root { get; } = FindRoot();

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, "tla", file));

    /// <summary>Configurations of a module; those named <c>large</c> are for a faster checker.</summary>
    public static IReadOnlyList<string> ConfigsOf(string module) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "tla"), $"{module}-*.cfg")
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

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Hyperscale.Det.sln")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new InvalidOperationException($"no solution above {AppContext.BaseDirectory}");
    }

    [GeneratedRegex(@"^INVARIANT (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Invariant();

    [GeneratedRegex("Bug (?:=|#) \"(\\w+)\"")]
    private static partial Regex Bug();
}
