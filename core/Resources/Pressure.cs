namespace Hyperscale.Det.Resources;

/// <summary>How much of what there is is used.</summary>
public static class Pressure
{
    /// <summary>From here on whoever is free takes the work first.</summary>
    public const double High = 0.85;

    /// <summary>0 to 1; 0 where there is nothing to be used.</summary>
    public static double Of(double used, double total) => total > 0 ? Math.Clamp(used / total, 0, 1) : 0;
}
