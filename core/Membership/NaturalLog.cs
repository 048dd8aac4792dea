using System.Collections.Immutable;

namespace Hyperscale.Det.Membership;

/// <summary>Natural logarithms of small whole numbers in thousandths: equal on every processor.</summary>
public static class NaturalLog
{
    private static readonly ImmutableArray<int> Table =
    [
        0, 0, 693, 1099, 1386, 1609, 1792, 1946, 2079, 2197, 2303, 2398, 2485, 2565, 2639, 2708, 2773,
    ];

    /// <summary>1000 ln(n), to the next whole number for n up to 16 and within 2% above; n at least
    /// 1.</summary>
    public static int Thousandths(int n)
    {
        if (n <= 1) return 0;
        var halvings = 0;
        // ln(n) = ln(n / 2) + ln(2), until the table has it.
        while (n >= Table.Length)
        {
            n = (n + 1) / 2;
            halvings++;
        }

        return Table[n] + (halvings * Table[2]);
    }
}
