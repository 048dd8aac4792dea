namespace Hyperscale.Det.Membership;

/// <summary>Natural logarithms of whole numbers by integers alone: equal on every processor.</summary>
public static class NaturalLog
{
    private const int FractionBits = 20;

    /// <summary>2^30 ln(2).</summary>
    private const long Ln2 = 744_261_118;

    /// <summary>1000 ln(n), rounded down and at most 1 below; 0 for n of 1 and less.</summary>
    public static int Thousandths(int n)
    {
        if (n <= 1) return 0;
        var whole = System.Numerics.BitOperations.Log2((uint)n);
        // The binary logarithm of n / 2^whole, in [1, 2) with 30 bits behind the point: squaring doubles a
        // logarithm, so each square that reaches 2 yields one bit of it.
        var x = ((long)n << 30) >> whole;
        long log = whole;
        for (var bit = 0; bit < FractionBits; bit++)
        {
            x = (x * x) >> 30;
            log <<= 1;
            if (x < 2L << 30) continue;
            x >>= 1;
            log++;
        }

        return (int)((((log * Ln2) >> FractionBits) * 1000) >> 30);
    }
}
