using System.Reflection;

namespace Hyperscale.Det.Sim.Mutation;

/// <summary>The mutants and core's sources that this assembly carries, so that both are at hand wherever it
/// runs.</summary>
public static class MutantShelf
{
    private const string MutantPrefix = "mutants/";
    private const string SourcePrefix = "core/";

    private static readonly Assembly Own = typeof(MutantShelf).Assembly;

    /// <summary>Every mutant, by name.</summary>
    /// <exception cref="InvalidDataException">One of them cannot be read.</exception>
    public static IReadOnlyList<Mutant> All =>
    [
        .. Names(MutantPrefix).Select(name => Mutant.TryRead(name[MutantPrefix.Length..], Text(name),
            out var mutant, out var fault)
            ? mutant
            : throw new InvalidDataException(fault)),
    ];

    /// <summary>Null where there is none of that name.</summary>
    public static Mutant? Named(string name) => All.FirstOrDefault(mutant => mutant.Name == name);

    /// <summary>Core's source files by path.</summary>
    public static IReadOnlyDictionary<string, string> Sources =>
        new SortedDictionary<string, string>(
            Names(SourcePrefix).ToDictionary(name => name, Text), StringComparer.Ordinal);

    private static IEnumerable<string> Names(string prefix) => Own.GetManifestResourceNames()
        .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    private static string Text(string name)
    {
        using var reader = new StreamReader(Own.GetManifestResourceStream(name)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
