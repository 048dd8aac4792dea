namespace Hyperscale.Det.Sim.Processes;

/// <summary>How many times slower what is loaded answers where most of its datacenter's cores load
/// it.</summary>
/// <remarks>A knee: nothing below, then the square of how far it is passed, so that who sends more there
/// makes it much worse and who sends less much better.</remarks>
public static class TargetLoad
{
    /// <summary>Share of the cores up to which nothing is slower.</summary>
    public const int KneePercent = 70;

    /// <param name="cores">Of the datacenter; 1 and more.</param>
    /// <param name="saturatedTimes">With all cores in use; 1 and more.</param>
    /// <returns>1 and more.</returns>
    public static int TimesAt(int used, int cores, int saturatedTimes)
    {
        var over = Math.Max(0, (100 * Math.Min(used, cores) / cores) - KneePercent);
        const int Most = 100 - KneePercent;
        return 1 + ((saturatedTimes - 1) * over * over / (Most * Most));
    }
}
