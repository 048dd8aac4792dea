using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Slo;

/// <summary>Latencies in nanoseconds by kind, and what is exactly true of them.</summary>
internal static class Samples
{
    public static readonly string[] Smooth = ["uniform", "lognormal", "bimodal", "sorted", "reversed"];

    public static readonly string[] Kinds = [.. Smooth, "constant", "two-point", "heavy-tailed"];

    public static double[] Of(string kind, int count, ulong seed = 1)
    {
        var rng = Rng.Stream(seed, kind);
        var samples = new double[count];
        for (var i = 0; i < count; i++) samples[i] = Draw(kind, rng);
        if (kind is "sorted" or "reversed") Array.Sort(samples);
        if (kind == "reversed") Array.Reverse(samples);
        return samples;
    }

    /// <summary>The smallest sample that has at least a share of all at or below it.</summary>
    public static double AtNearestRank(double[] sorted, int perMillion) =>
        sorted[Math.Max(1, (((long)sorted.Length * perMillion) + 999_999) / 1_000_000) - 1];

    /// <summary>How far q is from the shares of samples below and up to a value.</summary>
    public static double ErrorOfRank(double[] sorted, double q, double value)
    {
        var below = (double)CountBelow(sorted, value) / sorted.Length;
        var upTo = (double)CountBelow(sorted, Math.BitIncrement(value)) / sorted.Length;
        return Math.Max(0, Math.Max(below - q, q - upTo));
    }

    public static int CountBelow(double[] sorted, double value)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] < value) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private static double Draw(string kind, Rng rng) => Math.Round(kind switch
    {
        "uniform" => 1e5 + (1e8 * Share(rng)),
        "bimodal" => rng.Chance(9, 10) ? 1e6 * Lognormal(rng, 0.1) : 1e8 * Lognormal(rng, 0.1),
        "constant" => 5_000_000.1,
        "two-point" => rng.Chance(97, 100) ? 1e6 : 2e8,
        "heavy-tailed" => 1e5 / Math.Pow(1 - Share(rng), 1.25),
        _ => 2e6 * Lognormal(rng, 1),
    });

    // Box and Muller.
    private static double Lognormal(Rng rng, double sigma) => Math.Exp(
        sigma * Math.Sqrt(-2 * Math.Log(1 - Share(rng))) * Math.Cos(2 * Math.PI * Share(rng)));

    /// <summary>In [0, 1).</summary>
    private static double Share(Rng rng) => (rng.Next() >> 11) * (1.0 / (1UL << 53));
}
