using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>How much one centroid may hold: scale k1, k(q) = delta / (2 pi) asin(2q - 1), of which a centroid
/// spans at most 0.6, and 0.25 where it begins in the last hundredth.</summary>
/// <remarks>
/// From q0 a centroid reaches to q1 with k(q1) - k(q0) = s, that is 2 q1 - 1 = sin(asin(2 q0 - 1) + h) with
/// h = 2 pi s / delta. Written out, with x = 2 q0 - 1, this is x cos h + sqrt(1 - x^2) sin h: constants and a
/// square root, which every processor rounds alike.
/// All of k is delta / 2 long, the last hundredth 0.032 delta, and two neighbours together span more than s.
/// So there are at most 2 (0.468 / 0.6 + 0.032 / 0.25) delta + 2 centroids, fewer than 2 delta, whatever is
/// added. The last hundredth is cut finer because latencies thin out there: what lies between two means is
/// far from evenly spread.
/// Source: Dunning and Ertl, "Computing extremely accurate quantiles using t-digests" (2019).
/// </remarks>
public readonly struct ScaleK1
{
    public const int DeltaMin = 20;
    public const int DeltaMax = 500;

    private const double Pi = 3.14159265358979323846;
    private const double Step = 0.6;
    private const double TailStep = 0.25;
    private const double Tail = 0.01;

    private readonly double _cos;
    private readonly double _sin;
    private readonly double _tailCos;
    private readonly double _tailSin;

    /// <param name="delta">Compression, <see cref="DeltaMin"/> to <see cref="DeltaMax"/>.</param>
    public ScaleK1(int delta)
    {
        Invariant.Holds(delta is >= DeltaMin and <= DeltaMax);
        (_cos, _sin) = CosSin(2 * Pi * Step / delta);
        (_tailCos, _tailSin) = CosSin(2 * Pi * TailStep / delta);
        CentroidsMax = (2 * delta) - 1;
    }

    /// <summary>Most centroids of any digest.</summary>
    public int CentroidsMax { get; }

    /// <summary>How many of <paramref name="total"/> samples may lie up to the end of the centroid that
    /// begins after the first <paramref name="before"/>.</summary>
    /// <param name="perSample">1 / total: a quotient takes longer than all the rest here.</param>
    public long LimitAfter(long before, long total, double perSample)
    {
        var below = before * perSample;
        var above = (total - before) * perSample;
        var x = below - above;
        var (cos, sin) = above <= Tail ? (_tailCos, _tailSin) : (_cos, _sin);
        if (x >= cos) return total;
        var root = 2 * Math.Sqrt(below * above);
        return (long)(total * (((x * cos) + (root * sin) + 1) / 2));
    }

    /// <summary>By Taylor's series: the angle is at most 0.2, the terms left out are below 10^-20.</summary>
    private static (double Cos, double Sin) CosSin(double angle)
    {
        double cos = 1, sin = angle, term = angle;
        for (var n = 2; n <= 15; n++)
        {
            term = term * angle / n;
            var signed = n % 4 < 2 ? term : -term;
            if (n % 2 == 0) cos += signed;
            else sin += signed;
        }

        return (cos, sin);
    }
}
