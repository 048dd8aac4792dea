using System.Globalization;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Runs;

namespace Hyperscale.Det.Sim.Mutation;

/// <summary>How a mutant was noticed.</summary>
/// <param name="Seeds">How many seeds it took.</param>
public sealed record MutantDeath(ulong Seed, long Seeds, string Checker, string Message, ulong Hash)
{
    /// <summary>Runs seeds in order until one fails; as texts, since it is called from the simulator that
    /// this one was loaded by.</summary>
    public static string[]? FirstFailure(string profile, ulong from, long count)
    {
        for (var i = 0L; i < count; i++)
        {
            var seed = unchecked(from + (ulong)i);
            var result = PlanRunner.Run(PlanGenerator.Generate(seed, Profile.Named(profile)!));
            if (result.Failure is not { } failure) continue;
            return [Text(seed), Text((ulong)i + 1), failure.Checker, failure.Message, Text(result.Hash)];
        }

        return null;
    }

    internal static MutantDeath Of(string[] texts) => new(
        ulong.Parse(texts[0], CultureInfo.InvariantCulture),
        long.Parse(texts[1], CultureInfo.InvariantCulture),
        texts[2],
        texts[3],
        ulong.Parse(texts[4], CultureInfo.InvariantCulture));

    private static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
