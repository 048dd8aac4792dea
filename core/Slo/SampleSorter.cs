using System.Runtime.InteropServices;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>Sorts numbers of 0 and more by the bytes of their bits, which rise as the numbers do.</summary>
internal static class SampleSorter
{
    private const int Digits = 8;
    private const int Values = 256;

    /// <summary>Below so many, comparing is faster than counting.</summary>
    private const int ComparedMax = 128;

    /// <summary>Samples that one sort can take.</summary>
    public const int SamplesMax = 1 << 20;

    /// <param name="samples">Finite, no negative zero.</param>
    /// <param name="scratch">As long as <paramref name="samples"/>; what is in it afterwards means
    /// nothing.</param>
    public static void Sort(Span<double> samples, Span<double> scratch)
    {
        Invariant.Holds(samples.Length <= SamplesMax);
        if (IsSorted(samples)) return;
        if (samples.Length <= ComparedMax)
        {
            samples.Sort();
            return;
        }

        var from = MemoryMarshal.Cast<double, ulong>(samples);
        var to = MemoryMarshal.Cast<double, ulong>(scratch)[..from.Length];
        Span<int> counts = stackalloc int[Digits * Values];
        counts.Clear();
        Count(from, counts);
        var isMoved = false;
        for (var digit = 0; digit < Digits; digit++)
        {
            var places = counts.Slice(digit * Values, Values);
            var shift = digit * 8;
            // A digit that all have in common orders nothing.
            if (places[(byte)(from[0] >> shift & 0xFF)] == from.Length) continue;
            TurnIntoPlaces(places);
            Deal(from, to, places, shift);
            var dealt = to;
            to = from;
            from = dealt;
            isMoved = !isMoved;
        }

        if (isMoved) from.CopyTo(to);
    }

    private static bool IsSorted(ReadOnlySpan<double> samples)
    {
        for (var i = 1; i < samples.Length; i++)
            if (samples[i - 1] > samples[i]) return false;
        return true;
    }

    private static void Count(ReadOnlySpan<ulong> keys, Span<int> counts)
    {
        unchecked
        {
            foreach (var key in keys)
            {
                counts[(int)(key & 0xFF)]++;
                counts[(int)((key >> 8) & 0xFF) + Values]++;
                counts[(int)((key >> 16) & 0xFF) + (2 * Values)]++;
                counts[(int)((key >> 24) & 0xFF) + (3 * Values)]++;
                counts[(int)((key >> 32) & 0xFF) + (4 * Values)]++;
                counts[(int)((key >> 40) & 0xFF) + (5 * Values)]++;
                counts[(int)((key >> 48) & 0xFF) + (6 * Values)]++;
                counts[(int)(key >> 56) + (7 * Values)]++;
            }
        }
    }

    private static void TurnIntoPlaces(Span<int> counts)
    {
        unchecked
        {
            var place = 0;
            foreach (ref var count in counts) (count, place) = (place, place + count);
        }
    }

    private static void Deal(ReadOnlySpan<ulong> from, Span<ulong> to, Span<int> places, int shift)
    {
        unchecked
        {
            foreach (var key in from) to[places[(byte)(key >> shift)]++] = key;
        }
    }
}
