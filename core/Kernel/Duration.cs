using System.Collections.Immutable;
using System.Globalization;

namespace Hyperscale.Det.Kernel;

/// <summary>A length of time in nanoseconds.</summary>
public readonly record struct Duration(long Nanoseconds) : IComparable<Duration>
{
    public static readonly Duration Zero = new(0);

    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Grammar =
        "a duration such as 250ms, 90s, 1m30s, 2h, 1d or 1w, or a plain number of seconds";

    private const decimal Longest = 3_155_760_000_000_000_000m;

    private static readonly ImmutableArray<(string Unit, long Nanoseconds)> Units =
    [
        ("w", 604_800_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000),
        ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ];

    public long Milliseconds => Nanoseconds / 1_000_000;

    public static Duration FromNanoseconds(long value) => new(value);

    public static Duration FromMicroseconds(long value) => new(value * 1_000);

    public static Duration FromMilliseconds(long value) => new(value * 1_000_000);

    public static Duration FromSeconds(long value) => new(value * 1_000_000_000);

    public static Duration FromMinutes(long value) => FromSeconds(value * 60);

    /// <summary>Reads the form of AD-43: units from the largest to the smallest, each at most once;
    /// a plain number is seconds; never negative; at most 100 years.</summary>
    public static bool TryParse(string text, out Duration duration)
    {
        duration = default;
        if (string.IsNullOrEmpty(text)) return false;
        var rest = text.AsSpan();
        var total = 0m;
        var lastUnit = -1;
        while (rest.Length > 0)
        {
            var digits = 0;
            while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.')) digits++;
            var plain = decimal.TryParse(
                rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number);
            if (!plain || digits > 18) return false;
            rest = rest[digits..];
            var letters = 0;
            while (letters < rest.Length && char.IsAsciiLetterLower(rest[letters])) letters++;
            // A number without a unit is seconds, and only on its own.
            if (letters == 0 && (lastUnit >= 0 || rest.Length > 0)) return false;
            var unit = letters == 0 ? UnitIndex("s") : UnitIndex(rest[..letters]);
            if (unit < 0 || unit <= lastUnit) return false;
            lastUnit = unit;
            rest = rest[letters..];
            if (number > Longest / Units[unit].Nanoseconds) return false;
            total += number * Units[unit].Nanoseconds;
            if (total > Longest) return false;
        }

        duration = new Duration((long)total);
        return true;
    }

    public int CompareTo(Duration other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public static Duration Longer(Duration a, Duration b) => a >= b ? a : b;

    public static Duration Shorter(Duration a, Duration b) => a <= b ? a : b;

    public static bool operator <(Duration a, Duration b) => a.Nanoseconds < b.Nanoseconds;

    public static bool operator >(Duration a, Duration b) => a.Nanoseconds > b.Nanoseconds;

    public static bool operator <=(Duration a, Duration b) => a.Nanoseconds <= b.Nanoseconds;

    public static bool operator >=(Duration a, Duration b) => a.Nanoseconds >= b.Nanoseconds;

    public static Duration operator +(Duration a, Duration b) => new(a.Nanoseconds + b.Nanoseconds);

    public static Duration operator -(Duration a, Duration b) => new(a.Nanoseconds - b.Nanoseconds);

    public static Duration operator *(Duration a, long factor) => new(a.Nanoseconds * factor);

    public static Duration operator /(Duration a, long divisor) => new(a.Nanoseconds / divisor);

    /// <summary>The shortest form that <see cref="TryParse"/> reads back to the same value.</summary>
    public override string ToString()
    {
        if (Nanoseconds == 0) return "0s";
        if (Nanoseconds < 0) return $"-{new Duration(-Nanoseconds)}";
        var text = new System.Text.StringBuilder();
        var rest = Nanoseconds;
        foreach (var (unit, size) in Units)
        {
            if (rest / size == 0) continue;
            text.Append(CultureInfo.InvariantCulture, $"{rest / size}{unit}");
            rest %= size;
        }

        return text.ToString();
    }

    private static int UnitIndex(ReadOnlySpan<char> unit)
    {
        for (var i = 0; i < Units.Length; i++)
            if (unit.SequenceEqual(Units[i].Unit)) return i;
        return -1;
    }
}
