namespace Hyperscale.Det.Resources;

/// <summary>How much of what there is is used.</summary>
public static class Pressure
{
    /// <summary>From here on whoever is free takes the work first.</summary>
    public const double High = 0.85;

    /// <summary>It has to fall below this before it is not high any more.</summary>
    public const double LowAgain = High - 0.1;

    /// <summary>0 to 1; 0 where there is nothing to be used.</summary>
    public static double Of(double used, double total) => total > 0 ? Math.Clamp(used / total, 0, 1) : 0;

    /// <summary>Whether it is high, or still is, so that one near the bound does not come and go.</summary>
    public static bool IsHigh(double pressure, bool wasHigh) => pressure >= (wasHigh ? LowAgain : High);
}
