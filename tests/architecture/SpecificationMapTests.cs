using System.Reflection;
using System.Text.RegularExpressions;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>What <c>tla/README.md</c> says of modules and code is so.</summary>
public sealed partial class SpecificationMapTests
{
    private const BindingFlags Any =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    private static readonly ILookup<string, Type> Types =
        new[] { typeof(Kernel.Rng).Assembly, typeof(Sim.Cli.SimCommands).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .ToLookup(type => type.Name, StringComparer.Ordinal);

    public static TheoryData<string> Modules => ["PerJobVsr", "Idempotency", "RetryBudget", "BestEffort"];

    [Theory]
    [MemberData(nameof(Modules))]
    public void The_methods_and_types_that_a_module_is_mapped_to_exist(string module) => Rule.IsKept(
        RowsOf(module).SelectMany(row => row.Skip(1)).SelectMany(NamesIn)
            .Where(name => !Exists(name))
            .Select(name => $"tla/README.md names {name}, which core and sim do not have"));

    [Theory]
    [MemberData(nameof(Modules))]
    public void The_names_of_the_first_column_are_defined_in_the_module(string module)
    {
        var defined = Definition().Matches(Module(module)).Select(match => match.Groups[1].Value).ToList();

        Rule.IsKept(RowsOf(module).SelectMany(row => NamesIn(row[0]))
            .Where(name => !defined.Contains(name))
            .Select(name => $"tla/README.md names {name}, which {module}.tla does not define"));
    }

    [Theory]
    [MemberData(nameof(Modules))]
    public void Every_action_and_invariant_is_explained(string module)
    {
        var section = SectionOf(module);
        var actions = NextOf(module).Concat(Invariants(module));

        Rule.IsKept(actions.Where(name => !section.Contains($"`{name}`", StringComparison.Ordinal))
            .Select(name => $"tla/README.md does not explain {name} of {module}.tla"));
    }

    [Fact]
    public void A_name_that_is_not_there_is_noticed()
    {
        Assert.True(Exists("VsrReplica.OnPrepare"));
        Assert.False(Exists("VsrReplica.OnPrepared"));
        Assert.False(Exists("VsrReplicas.OnPrepare"));
        Assert.Contains("RecvPrepare", NextOf("PerJobVsr"));
    }

    private static bool Exists(string name)
    {
        var parts = name.Split('.');
        return Types[parts[0]].Any(type => parts.Length == 1 || type.GetMember(parts[1], Any).Length > 0);
    }

    private static IEnumerable<string> NextOf(string module)
    {
        var text = Module(module);
        var from = text.IndexOf("\nNext ==", StringComparison.Ordinal);
        var next = text[from..text.IndexOf("\nSpec ==", StringComparison.Ordinal)];
        return Action().Matches(next).Select(match => match.Groups[1].Value);
    }

    private static IEnumerable<string> Invariants(string module) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "tla"), $"{module}-*.cfg")
            .SelectMany(File.ReadAllLines)
            .Where(line => line.StartsWith("INVARIANT ", StringComparison.Ordinal))
            .Select(line => line["INVARIANT ".Length..])
            .Distinct();

    private static IEnumerable<string[]> RowsOf(string module) => SectionOf(module).Split('\n')
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(line => line.Trim('|').Split('|'));

    private static string SectionOf(string module)
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "tla", "README.md"));
        var from = readme.IndexOf($"\n## {module}\n", StringComparison.Ordinal);
        Assert.True(from >= 0, $"tla/README.md has no section {module}");
        var to = readme.IndexOf("\n## ", from + 1, StringComparison.Ordinal);
        return to < 0 ? readme[from..] : readme[from..to];
    }

    private static string Module(string module) =>
        File.ReadAllText(Path.Combine(Repository.Root, "tla", module + ".tla"));

    private static IEnumerable<string> NamesIn(string cell) =>
        Name().Matches(cell).Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"`([\w.]+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"^(\w+)(?:\([\w, ]+\))? ==", RegexOptions.Multiline)]
    private static partial Regex Definition();

    [GeneratedRegex(@"\\/ (\w+)")]
    private static partial Regex Action();
}
