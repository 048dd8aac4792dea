using System.Globalization;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>Numbers and names as every view shows them.</summary>
internal static class Figures
{
    public const string None = "-";

    public static string Count(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Counted(int count, string what) => $"{Count(count)} {what}{(count == 1 ? "" : "s")}";

    public static string Rate(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>A share in tenths of a percent, rounded down: what is not all is not shown as all.</summary>
    public static string Percent(long part, long whole) =>
        ((long)((Int128)part * 1000 / whole) / 10m).ToString("0.#", CultureInfo.InvariantCulture) + "%";

    public static string Milliseconds(decimal? value) =>
        value?.ToString("0.00", CultureInfo.InvariantCulture) ?? None;

    /// <summary>What was measured for a threshold, as exactly as it is known.</summary>
    public static string Exact(decimal? value) =>
        value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "nothing";

    public static string Seconds(Duration duration) =>
        (duration.Nanoseconds / 1_000_000_000).ToString(CultureInfo.InvariantCulture) + "s";

    public static string Time(WallTime time) => DateTimeOffset
        .FromUnixTimeMilliseconds(Math.Clamp(time.UnixMilliseconds, 0, 253_402_300_799_999))
        .ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>An enum's value as the API writes it.</summary>
    public static string Word<T>(T value) where T : struct, Enum
    {
        var name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    /// <summary>A state and why it is so, where that says more.</summary>
    public static string WithReason(string state, string reason) =>
        reason.Length == 0 || reason == state ? state : $"{state}: {reason}";

    /// <summary>Text of other machines with whatever could move a terminal's cursor replaced.</summary>
    public static string Clean(string text) =>
        string.Create(text.Length, text, (span, from) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = char.IsControl(from[i]) ? ' ' : from[i];
        });
}
