using System.Globalization;

namespace Hyperscale.Det.Durability;

/// <summary>Names of the files in a data directory.</summary>
public static class WalFiles
{
    public const string Identity = "identity";

    /// <summary>An old segment kept for its blocks; its content means nothing.</summary>
    public const string Spare = "wal.spare";

    private const string DamagedPrefix = "damaged-";

    internal const string IdentityTemporary = "identity.tmp";
    internal const string SegmentTemporary = "wal.tmp";
    internal const string SnapshotTemporary = "snap.tmp";

    public static string Segment(long id) => $"wal-{id:x16}.seg";

    public static string Snapshot(long lsn) => $"snap-{lsn:x16}.snp";

    public static bool TryParseSegment(string name, out long id) => TryParse(name, "wal-", ".seg", out id);

    public static bool TryParseSnapshot(string name, out long lsn) =>
        TryParse(name, "snap-", ".snp", out lsn);

    /// <summary>Whether opening needs the file's bytes; of all others the name is enough.</summary>
    public static bool IsRead(string name) =>
        name == Identity || TryParseSegment(name, out _) || TryParseSnapshot(name, out _);

    /// <summary>The directory that the files set aside at one start are moved to.</summary>
    internal static string Damaged(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{DamagedPrefix}{number}");

    /// <summary>The number of a directory of files set aside; 0 for any other name. A path into it has its
    /// number, too.</summary>
    internal static int DamagedNumber(string name)
    {
        if (!name.StartsWith(DamagedPrefix, StringComparison.Ordinal)) return 0;
        var digits = name.AsSpan(DamagedPrefix.Length);
        var end = digits.IndexOf('/');
        if (end >= 0) digits = digits[..end];
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;
    }

    internal static bool IsTemporary(string name) =>
        name is IdentityTemporary or SegmentTemporary or SnapshotTemporary;

    private static bool TryParse(string name, string prefix, string suffix, out long number)
    {
        number = 0;
        if (name.Length != prefix.Length + 16 + suffix.Length) return false;
        if (!name.StartsWith(prefix, StringComparison.Ordinal)) return false;
        if (!name.EndsWith(suffix, StringComparison.Ordinal)) return false;
        var digits = name.AsSpan(prefix.Length, 16);
        foreach (var c in digits)
            if (!char.IsAsciiHexDigitLower(c) && !char.IsAsciiDigit(c)) return false;
        return long.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            && number >= 0;
    }
}
