using System.Reflection;
using System.Text.RegularExpressions;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>Core's folders know only those below them.</summary>
public sealed partial class FolderArrowsTests
{
    private const string Root = "Hyperscale.Det";

    /// <summary>For each folder of core, the folders it may use.</summary>
    private static readonly SortedDictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Kernel"] = [],
        ["Wire"] = ["Kernel"],
        ["Idempotency"] = ["Kernel", "Wire"],
        ["Reliability"] = ["Kernel"],
        ["Resources"] = ["Kernel", "Wire"],
        ["Jobs"] = ["Kernel", "Wire", "Idempotency", "Reliability", "Resources", "Slo"],
        ["Durability"] = ["Kernel", "Wire", "Jobs"],
        ["Replication"] = ["Kernel", "Wire"],
        ["Membership"] = ["Kernel", "Wire", "Resources"],
        ["Capacity"] = ["Kernel", "Wire"],
        ["Slo"] = ["Kernel", "Wire", "Capacity"],
        ["Routing"] = ["Kernel", "Wire", "Capacity", "Slo"],
        ["Protocol"] =
        [
            "Kernel", "Wire", "Idempotency", "Reliability", "Resources", "Jobs", "Replication", "Membership",
            "Capacity", "Slo", "Routing",
        ],
        ["Nodes"] =
        [
            "Kernel", "Wire", "Idempotency", "Reliability", "Resources", "Jobs", "Protocol", "Durability",
            "Replication", "Membership", "Capacity", "Slo", "Routing",
        ],
    };

    [Fact]
    public void Every_folder_of_core_uses_only_the_folders_below_it() =>
        Rule.IsKept(Forbidden(FolderArrows.Of(typeof(Kernel.Instant).Assembly, Root)));

    [Fact]
    public void The_arrows_form_no_circle()
    {
        var left = new SortedDictionary<string, string[]>(Allowed, StringComparer.Ordinal);
        while (left.Count > 0)
        {
            var lowest = left.FirstOrDefault(folder => !folder.Value.Any(left.ContainsKey)).Key;
            Assert.True(lowest is not null, $"a circle among {string.Join(", ", left.Keys)}");
            left.Remove(lowest!);
        }
    }

    [Fact]
    public void Every_source_file_of_core_lies_in_the_folder_of_its_namespace() =>
        Assert.All(CoreFiles(), file => Assert.Contains(
            $"namespace {Root}.{FolderOf(file.Path)};", file.Text, StringComparison.Ordinal));

    [Fact]
    public void Every_using_directive_of_core_points_to_a_folder_below() =>
        Assert.All(CoreFiles(), file => Assert.Empty(ForbiddenUsings(FolderOf(file.Path), file.Text)));

    [Theory]
    [InlineData("Kernel", "Nodes", "public sealed class Low { public High? Field; }")]
    [InlineData("Jobs", "Protocol", "public sealed class Low { public void M(List<High> highs) { } }")]
    [InlineData("Protocol", "Durability", "public sealed class Low { public object M() => new High(); }")]
    [InlineData("Wire", "Jobs", "public sealed class Low : High { }")]
    [InlineData("Wire", "Jobs", "public sealed class Low { public int M() => High.Twice(2); }")]
    [InlineData("Kernel", "Novelty", "public sealed class Low { public High[]? Field; }")]
    public void An_arrow_upwards_is_refused(string from, string to, string low)
    {
        var assembly = Assembly.Load(Snippet.Compile($$"""
            namespace {{Root}}.{{to}} { public class High { public static int Twice(int n) => n * 2; } }
            namespace {{Root}}.{{from}} { using {{Root}}.{{to}}; {{low}} }
            """));

        var arrow = Assert.Single(Forbidden(FolderArrows.Of(assembly, Root)));
        Assert.Equal((from, to), (arrow.FromFolder, arrow.ToFolder));
    }

    [Fact]
    public void An_upward_using_directive_is_refused() =>
        Assert.Equal(
            ["Nodes"],
            ForbiddenUsings("Jobs", "using Hyperscale.Det.Kernel;\nusing Hyperscale.Det.Nodes;"));

    private static IEnumerable<Arrow> Forbidden(IEnumerable<Arrow> arrows) =>
        arrows.Where(arrow => !MayUse(arrow.FromFolder, arrow.ToFolder));

    private static IEnumerable<string> ForbiddenUsings(string folder, string text) =>
        UsingDirective().Matches(text).Select(match => match.Groups[1].Value)
            .Where(used => used != folder && !MayUse(folder, used));

    private static bool MayUse(string from, string to) =>
        Allowed.TryGetValue(from, out var below) && below.Contains(to);

    private static IEnumerable<(string Path, string Text)> CoreFiles() =>
        Repository.Files(".cs").Where(file => file.Path.StartsWith("core/", StringComparison.Ordinal));

    private static string FolderOf(string path) => path.Split('/')[1];

    [GeneratedRegex(@"^using Hyperscale\.Det\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex UsingDirective();
}
