using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Benchmarks;

/// <summary>Latencies in nanoseconds as services have them, by kind; equal seeds give equal ones.</summary>
internal static class SampleKinds
{
    public static readonly string[] Names = ["uniform", "lognormal", "bimodal", "sorted", "reversed"];

    public static double[] Of(string kind, int count)
    {
        var rng = Rng.Stream(7, kind);
        var samples = new double[count];
        for (var i = 0; i < count; i++) samples[i] = Draw(kind, rng);
        if (kind is "sorted" or "reversed") Array.Sort(samples);
        if (kind == "reversed") Array.Reverse(samples);
        return samples;
    }

    private static double Draw(string kind, Rng rng) => Math.Round(kind switch
    {
        "uniform" => 1e5 + (1e8 * Share(rng)),
        "bimodal" => rng.Chance(9, 10) ? 1e6 * Lognormal(rng, 0.1) : 1e8 * Lognormal(rng, 0.1),
        _ => 2e6 * Lognormal(rng, 1),
    });

    // Box and Muller.
    private static double Lognormal(Rng rng, double sigma) => Math.Exp(
        sigma * Math.Sqrt(-2 * Math.Log(1 - Share(rng))) * Math.Cos(2 * Math.PI * Share(rng)));

    /// <summary>In [0, 1).</summary>
    private static double Share(Rng rng) => (rng.Next() >> 11) * (1.0 / (1UL << 53));
}
