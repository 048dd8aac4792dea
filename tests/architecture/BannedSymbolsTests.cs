using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>The list of symbols banned from core names real symbols, and core's own build stops at
/// them.</summary>
public sealed partial class BannedSymbolsTests
{
    /// <summary>One offence a line. A <c>lock</c> and an async method that names no banned type pass the
    /// analyzer; the allow-list over the compiled assembly refuses those.</summary>
    private static readonly string[] Offences =
    [
        "object? M() => DateTime.UtcNow;",
        "object? M() => DateTimeOffset.Now;",
        "object? M() => System.Diagnostics.Stopwatch.GetTimestamp();",
        "object? M() => TimeProvider.System;",
        "object? M() => Random.Shared.Next();",
        "object? M() => Guid.NewGuid();",
        "object? M() => Guid.CreateVersion7();",
        "object? M() => System.Security.Cryptography.RandomNumberGenerator.GetInt32(3);",
        "object? M() => Environment.TickCount64;",
        "object? M() => Task.Run(() => { });",
        "object? M() => new ValueTask<int>(1);",
        "async Task M() => await Task.Yield();",
        "object? M() => new Thread(() => { });",
        "object? M() => ThreadPool.QueueUserWorkItem(_ => { });",
        "object? M() => new Timer(_ => { });",
        "object? M() => Parallel.For(0, 3, _ => { });",
        "object? M() => new Lock();",
        "object? M() => new SemaphoreSlim(1);",
        "object? M() => new System.Collections.Concurrent.ConcurrentDictionary<int, int>();",
        "object? M() => File.Exists(\"x\");",
        "object? M() => Directory.Exists(\"x\");",
        "object? M() => Path.GetTempPath();",
        "object? M() => new FileStream(\"x\", FileMode.Open);",
        "object? M() => new System.Net.Sockets.Socket(default, default);",
        "void M() => Console.WriteLine();",
        "object? M() => HashCode.Combine(1, 2);",
        "object? M() => \"x\".GetHashCode();",
        "object? M() => new object().GetHashCode();",
        "object? M() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(\"x\");",
        "object? M() => new Dictionary<int, int>();",
        "object? M() => new HashSet<int>();",
        "object? M() => Enumerable.Range(0, 3).ToDictionary(n => n);",
        "object? M() => Enumerable.Range(0, 3).ToHashSet();",
        "object? M() => new PriorityQueue<int, int>();",
        "object? M() => System.Globalization.CultureInfo.CurrentCulture;",
        "object? M() => string.Equals(\"a\", \"b\", StringComparison.CurrentCulture);",
        "object? M() => Math.Pow(2, 3);",
    ];

    [Fact]
    public void Every_line_of_the_list_names_a_symbol_that_exists()
    {
        var trusted = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        var compilation = CSharpCompilation.Create(
            "Empty",
            references: trusted.Split(Path.PathSeparator).Select(p => MetadataReference.CreateFromFile(p)));
        var entries = File.ReadLines(Path.Combine(Repository.Root, "core/BannedSymbols.txt"))
            .Where(line => line.Length > 0 && !line.StartsWith("//", StringComparison.Ordinal))
            .Select(line => line.Split(';', 2))
            .ToList();

        Rule.IsKept(entries.Where(entry => entry is not [_, { Length: > 0 }]).Select(entry => entry[0]));
        Rule.IsKept(entries.Select(entry => entry[0]).Where(id =>
            DocumentationCommentId.GetFirstSymbolForDeclarationId(id, compilation) is null));
        Assert.Distinct(entries.Select(entry => entry[0]));
    }

    [Fact]
    public async Task Cores_build_stops_at_every_offence()
    {
        var folder = Directory.CreateTempSubdirectory("planted-");
        try
        {
            var planted = Path.Combine(folder.FullName, "Planted.cs");
            await File.WriteAllLinesAsync(planted, Offences.Select((line, i) =>
                $"namespace P{i} {{ internal static class C {{ internal static {line} }} }}"));
            var targets = Path.Combine(folder.FullName, "planted.targets");
            await File.WriteAllTextAsync(
                targets, $"<Project><ItemGroup><Compile Include=\"{planted}\" /></ItemGroup></Project>");

            var output = await BuildCore(folder.FullName, targets);

            var refused = PlantedError().Matches(output).Select(match => int.Parse(match.Groups[1].Value) - 1)
                .ToList();
            Rule.IsKept(Offences.Where((_, i) => !refused.Contains(i)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<string> BuildCore(string artifacts, string targets)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "build", "core", "-nodeReuse:false", "-verbosity:quiet", "-tl:off",
                $"-property:ArtifactsPath={artifacts}",
                $"-property:CustomAfterMicrosoftCommonTargets={targets}",
                "-property:UseSharedCompilation=false",
            },
        };
        using var build = Process.Start(start)!;
        var output = await build.StandardOutput.ReadToEndAsync();
        await build.WaitForExitAsync();
        Assert.NotEqual(0, build.ExitCode);
        return output;
    }

    [GeneratedRegex(@"Planted\.cs\((\d+),\d+\): error RS0030: ")]
    private static partial Regex PlantedError();
}
