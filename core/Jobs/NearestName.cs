namespace Hyperscale.Det.Jobs;

/// <summary>Guesses what was meant by a misspelt name.</summary>
internal static class NearestName
{
    private const int LengthMax = 64;

    /// <summary>The known name with the fewest edits, if they are few for its length; the first of equals.
    /// </summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        if (name.Length is 0 or > LengthMax) return null;
        var nearest = known
            .Where(k => k.Length is > 0 and <= LengthMax)
            .Select(k => (Name: k, Edits: Edits(name, k)))
            .OrderBy(k => k.Edits)
            .FirstOrDefault();
        return nearest.Name is not null && nearest.Edits <= (nearest.Name.Length + 2) / 3
            ? nearest.Name
            : null;
    }

    /// <summary><c>; did you mean X?</c>, or nothing.</summary>
    public static string Hint(string name, IEnumerable<string> known) =>
        Of(name, known) is { } nearest ? $"; did you mean {FoundText.Shown(nearest)}?" : "";

    // Insertions, deletions, replacements and swaps of neighbours; case does not count.
    private static int Edits(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var change = AreEqual(a[i - 1], b[j - 1]) ? 0 : 1;
                var least = Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1);
                least = Math.Min(least, rows[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && AreEqual(a[i - 1], b[j - 2]) && AreEqual(a[i - 2], b[j - 1]))
                    least = Math.Min(least, rows[i - 2, j - 2] + 1);
                rows[i, j] = least;
            }
        }

        return rows[a.Length, b.Length];
    }

    private static bool AreEqual(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}
