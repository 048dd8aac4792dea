using System.Numerics;

namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>A set of letters, by number; it does not change.</summary>
internal sealed class LetterSet
{
    public static readonly LetterSet Empty = new([]);

    private readonly ulong[] _words;

    private LetterSet(ulong[] words) => _words = words;

    public int Count => _words.Sum(BitOperations.PopCount);

    public static LetterSet Of(IEnumerable<int> letters)
    {
        var words = new List<ulong>();
        foreach (var letter in letters)
        {
            while (words.Count <= letter / 64) words.Add(0);
            words[letter / 64] |= 1UL << (letter % 64);
        }

        return new LetterSet([.. words]);
    }

    public bool Has(int letter) =>
        letter / 64 < _words.Length && (_words[letter / 64] & (1UL << (letter % 64))) != 0;

    /// <summary>Whether this set has every letter of the other.</summary>
    public bool Covers(LetterSet other)
    {
        for (var i = 0; i < other._words.Length; i++)
        {
            var own = i < _words.Length ? _words[i] : 0;
            if ((other._words[i] & ~own) != 0) return false;
        }

        return true;
    }

    public IEnumerable<int> Letters()
    {
        for (var i = 0; i < _words.Length; i++)
            for (var rest = _words[i]; rest != 0; rest &= rest - 1)
                yield return (i * 64) + BitOperations.TrailingZeroCount(rest);
    }
}
