namespace Hyperscale.Det.Sim.Runs;

/// <summary>The one line that reproduces a failed run.</summary>
public static class FailureLine
{
    public static string Of(ulong seed, string profile, string? mutant) =>
        mutant is null
            ? $"hyperscale-sim replay --seed {seed} --profile {profile}"
            : $"hyperscale-sim replay --seed {seed} --profile {profile} --mutant {mutant}";
}
