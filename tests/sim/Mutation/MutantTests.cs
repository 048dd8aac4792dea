using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Mutation;
using Hyperscale.Det.Sim.Runs;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hyperscale.Det.Tests.Sim.Mutation;

public sealed class MutantTests
{
    public static TheoryData<string> Planted =>
        ["answer-before-durable", "restart-keeps-the-view", "do-not-debit-proposed-cores"];

    private const int SampledOfTested = 6;

    // There are too many to hunt all of them here: `hyperscale-sim mutants` does.
    public static TheoryData<string> Tested =>
    [
        .. MutantShelf.All.Where(mutant => mutant.Test is not null)
            .Where((_, index) => index % SampledOfTested == 0).Select(mutant => mutant.Name),
    ];

    private static string CoreTests =>
        Path.Combine(AppContext.BaseDirectory, "Hyperscale.Det.Tests.Core.dll");

    [Fact]
    public void Every_mutant_changes_core_in_exactly_one_place_and_stays_readable() =>
        Assert.All(MutantShelf.All, mutant =>
        {
            Assert.True(MutantShelf.Sources.TryGetValue(mutant.File, out var source), mutant.File);
            var changed = mutant.Apply(source!, out var fault);
            Assert.Equal("", fault);
            var faults = CSharpSyntaxTree.ParseText(changed!).GetDiagnostics();
            Assert.DoesNotContain(faults, one => one.Severity == DiagnosticSeverity.Error);
        });

    [Fact]
    public void Every_mutant_names_checkers_that_exist()
    {
        var names = AllCheckers.Create().Select(checker => checker.Name).Append("no-exception").ToList();

        Assert.All(
            MutantShelf.All,
            mutant => Assert.All(mutant.Checkers, checker => Assert.Contains(checker, names)));
    }

    [Theory]
    [MemberData(nameof(Tested))]
    public void A_mutant_that_no_seed_shows_is_noticed_by_a_test_of_core(string name)
    {
        var verdict = new MutantHunt("swarm", From: 1, Seeds: 0, CoreTests).Run(MutantShelf.Named(name)!);

        Assert.Null(verdict.Fault);
        Assert.True(verdict.IsKilled, name);
    }

    [Fact]
    public void A_test_that_core_does_not_have_notices_nothing()
    {
        var tests = new MutatedTest(CoreTests);

        foreach (var name in new[] { "Kernel.InstantTests.Time_goes_backwards", "Kernel" })
            Assert.Throws<ArgumentException>(() => tests.Run(name, MutantCompiler.Compile()));
    }

    [Fact]
    public void Retry_budgets_and_best_effort_have_mutants_of_their_own() => Assert.True(
        MutantShelf.All.Count(mutant => mutant.File.Contains("Reliability", StringComparison.Ordinal)
            || mutant.File.Contains("Retries", StringComparison.Ordinal)
            || mutant.File.Contains("Budgets", StringComparison.Ordinal)) >= 12);

    [Fact]
    public void Every_mutant_is_noticed_by_a_checker_or_by_a_test() => Assert.All(
        MutantShelf.All,
        mutant => Assert.True(mutant.Test is null
            ? mutant is { Seeds: null or > 0, Checkers.Count: > 0 }
            : mutant is { Seeds: null, Checkers.Count: 0 }));

    [Fact]
    public void There_are_mutants_of_ledgers_nodes_replica_and_log() => Assert.All(
        new[] { "core/Jobs/", "core/Nodes/", "core/Replication/", "core/Durability/" },
        folder => Assert.Contains(
            MutantShelf.All, mutant => mutant.File.StartsWith(folder, StringComparison.Ordinal)));

    [Theory]
    [InlineData("int a;", 0)]
    [InlineData("int b; int b;", 2)]
    public void A_text_that_is_not_there_once_is_an_error(string source, int times)
    {
        var mutant = new Mutant("m", "core/A.cs", "int b;", "int c;", ["invariants"], "about");

        Assert.Null(mutant.Apply(source, out var fault));
        Assert.Contains($"{times} times", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_mutant_is_refused_with_a_reason()
    {
        Assert.False(Mutant.TryRead("m", "file: a\n--- find\nx\n--- replace\ny\n", out _, out var noChecker));
        Assert.False(Mutant.TryRead("m", "about: a\nfile: b\nchecker: c\n", out _, out var noText));

        Assert.Contains("'checker:'", noChecker, StringComparison.Ordinal);
        Assert.Contains("'--- find'", noText, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mutant_that_does_not_compile_is_an_error()
    {
        var mutant = new Mutant(
            "broken", "core/Kernel/WallTime.cs", "namespace Hyperscale.Det.Kernel;",
            "namespace Hyperscale.Det.Kernel; class Broken { int x = \"text\"; }", ["invariants"], "about");

        Assert.Null(MutantCompiler.Compile(mutant, out var fault));
        Assert.Contains("does not compile", fault, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public async Task A_planted_bug_is_found_and_replayed_in_another_process(string name)
    {
        var mutant = MutantShelf.Named(name)!;
        var verdict = new MutantHunt("smoke", From: 1, Seeds: 200).Run(mutant);

        Assert.Null(verdict.Fault);
        Assert.True(verdict.IsAsExpected, $"{name}: {verdict.Death}");
        var line = FailureLine.Of(verdict.Death!.Seed, "smoke", name);
        var (exitCode, output) = await SimProcess.Run(line.Split(' ')[1..]);

        Assert.Equal(1, exitCode);
        Assert.Contains($"hash {verdict.Death.Hash:x16}", output, StringComparison.Ordinal);
        Assert.Contains(verdict.Death.Message, output, StringComparison.Ordinal);
    }
}
