namespace Hyperscale.Det.Sim.Mutation;

/// <summary>Looks for the first seed that notices a mutant, or runs the test of core that does.</summary>
/// <param name="Seeds">Most seeds to try.</param>
/// <param name="Tests">Path of the assembly of core's tests.</param>
public sealed record MutantHunt(string Profile, ulong From, long Seeds, string? Tests = null)
{
    public MutantVerdict Run(Mutant mutant)
    {
        if (mutant.Test is { } test) return Run(mutant, test);
        return MutatedSimulator.Load(mutant, out var fault) is { } simulator
            ? new MutantVerdict(mutant, simulator.FirstFailure(Profile, From, Seeds), null)
            : new MutantVerdict(mutant, null, fault);
    }

    private MutantVerdict Run(Mutant mutant, string test)
    {
        if (Tests is null) return new MutantVerdict(mutant, null, "core's tests are needed: --tests");
        if (MutantCompiler.Compile(mutant, out var fault) is not { } core)
            return new MutantVerdict(mutant, null, fault);
        var tests = new MutatedTest(Tests);
        if (tests.Run(test, MutantCompiler.Compile()) is { } broken)
            return new MutantVerdict(mutant, null, $"{test} fails without {mutant.Name}, too: {broken}");
        return new MutantVerdict(mutant, null, null) { TestFailure = tests.Run(test, core) };
    }
}

/// <summary>Whether a mutant was noticed.</summary>
/// <param name="Fault">Why it could not even be run; null when it could.</param>
public sealed record MutantVerdict(Mutant Mutant, MutantDeath? Death, string? Fault)
{
    /// <summary>How its test failed; null where it passed, or a seed was looked for.</summary>
    public string? TestFailure { get; init; }

    public bool IsKilled => Death is not null || TestFailure is not null;

    public bool IsAsExpected =>
        TestFailure is not null || (Death is not null && Mutant.Checkers.Contains(Death.Checker));
}
