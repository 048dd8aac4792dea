using System.Xml.Linq;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>Core computes and does nothing else: seen in the assembly that was compiled.</summary>
public sealed class CoreReferencesTests
{
    private static readonly byte[] Core = File.ReadAllBytes(typeof(Kernel.Instant).Assembly.Location);

    [Fact]
    public void Core_refers_only_to_what_the_allow_list_names() =>
        Rule.IsKept(CoreAllowList.Violations(Core));

    [Fact]
    public void Core_refers_only_to_the_base_library() =>
        Assert.All(
            ReferencedMembers.Assemblies(Core),
            name => Assert.StartsWith("System.", name, StringComparison.Ordinal));

    [Fact]
    public void Core_imports_nothing_native() => Assert.Empty(ReferencedMembers.NativeModules(Core));

    [Fact]
    public void Core_has_no_reference_but_analyzers()
    {
        var project = XDocument.Load(Path.Combine(Repository.Root, "core/Hyperscale.Det.Core.csproj"));

        Assert.Empty(project.Descendants("ProjectReference"));
        Assert.Empty(project.Descendants("Reference"));
        Assert.All(project.Descendants("PackageReference"), package =>
        {
            Assert.EndsWith("Analyzers", package.Attribute("Include")!.Value, StringComparison.Ordinal);
            Assert.Equal("all", package.Attribute("PrivateAssets")?.Value);
        });
    }

    [Fact]
    public void Shell_and_simulator_do_not_know_each_other()
    {
        var shell = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "hyperscale.dll"));
        var sim = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "hyperscale-sim.dll"));

        Assert.DoesNotContain("hyperscale-sim", ReferencedMembers.Assemblies(shell));
        Assert.DoesNotContain("hyperscale", ReferencedMembers.Assemblies(sim));
    }

    [Theory]
    [InlineData("public class C { public async Task M() => await Task.Yield(); }", "AsyncTaskMethodBuilder")]
    [InlineData("public class C { public async void M() => await Task.Yield(); }", "AsyncVoidMethodBuilder")]
    [InlineData("public class C { public DateTime M() => DateTime.UtcNow; }", "System.DateTime.get_UtcNow")]
    [InlineData("public class C { public int M() => Random.Shared.Next(); }", "System.Random")]
    [InlineData("public class C { public Guid M() => Guid.NewGuid(); }", "System.Guid.NewGuid")]
    [InlineData("public class C { public int M() => Environment.TickCount; }", "Environment.get_TickCount")]
    [InlineData("public class C { public void M() => new Thread(M).Start(); }", "System.Threading.Thread")]
    [InlineData("public class C { public void M() { lock (this) { } } }", "System.Threading.Monitor")]
    [InlineData("public class C { public void M() => File.Delete(\"x\"); }", "System.IO.File")]
    [InlineData("public class C { public void M() => Console.WriteLine(); }", "System.Console")]
    [InlineData("public class C { public int M() => HashCode.Combine(1, 2); }", "System.HashCode")]
    [InlineData("public class C { public int M() => \"x\".GetHashCode(); }", "GetHashCode")]
    [InlineData("public class C { public double M() => Math.Exp(1); }", "System.Math.Exp")]
    [InlineData("public class C { [ThreadStatic] static int s; public int M() => s++; }", "ThreadStatic")]
    [InlineData("public class C { void M(HashSet<int> s) { foreach (var x in s) { } } }", "HashSet`1.GetE")]
    [InlineData("public class C { public int M(Dictionary<int, int> d) => d.Values.Sum(); }",
        "Dictionary`2.get_Values")]
    [InlineData("public class C { object M(object o) => o.GetType().GetMethods(); }", "Type.GetMethods")]
    public void What_core_may_not_do_is_refused(string source, string named) =>
        Assert.Contains(
            CoreAllowList.Violations(Snippet.Compile(source)),
            violation => violation.Contains(named, StringComparison.Ordinal));

    [Fact]
    public void A_native_import_is_seen() =>
        Assert.Equal(["libc"], ReferencedMembers.NativeModules(Snippet.Compile("""
            using System.Runtime.InteropServices;
            public static class C { [DllImport("libc")] public static extern int getpid(); }
            """)));

    [Fact]
    public void A_record_an_iterator_and_a_sorted_map_are_allowed() =>
        Assert.Empty(CoreAllowList.Violations(Snippet.Compile("""
            public sealed record Job(string Name, int Cores);
            public static class C
            {
                public static IEnumerable<int> Odd(SortedDictionary<string, Job> jobs)
                {
                    foreach (var (name, job) in jobs)
                        if (job.Cores % 2 == 1) yield return name.Length;
                }
            }
            """)));
}
