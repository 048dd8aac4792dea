namespace Hyperscale.Det.Sim.Mutation;

/// <summary>Looks for the first seed that notices a mutant.</summary>
/// <param name="Seeds">Most seeds to try.</param>
public sealed record MutantHunt(string Profile, ulong From, long Seeds)
{
    public MutantVerdict Run(Mutant mutant) =>
        MutatedSimulator.Load(mutant, out var fault) is { } simulator
            ? new MutantVerdict(mutant, simulator.FirstFailure(Profile, From, Seeds), null)
            : new MutantVerdict(mutant, null, fault);
}

/// <summary>Whether a mutant was noticed.</summary>
/// <param name="Fault">Why it could not even be run; null when it could.</param>
public sealed record MutantVerdict(Mutant Mutant, MutantDeath? Death, string? Fault)
{
    public bool IsKilled => Death is not null;

    public bool IsAsExpected => Death is not null && Mutant.Checkers.Contains(Death.Checker);
}
