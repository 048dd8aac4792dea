using System.Numerics;

namespace Hyperscale.Det.Kernel;

/// <summary>A seeded generator (xoshiro256**, seeded by SplitMix64) with named streams.</summary>
/// <remarks>A stream is keyed by (seed, purpose, entity, n), so that removing one user of randomness shifts
/// no other draw. Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators"
/// (2021).</remarks>
public sealed class Rng
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    public Rng(ulong seed)
    {
        unchecked
        {
            _s0 = Mix(seed += 0x9E3779B97F4A7C15UL);
            _s1 = Mix(seed += 0x9E3779B97F4A7C15UL);
            _s2 = Mix(seed += 0x9E3779B97F4A7C15UL);
            _s3 = Mix(seed + 0x9E3779B97F4A7C15UL);
        }
    }

    /// <summary>The stream of one purpose, entity and number under one seed.</summary>
    public static Rng Stream(ulong seed, string purpose, string entity = "", ulong n = 0) =>
        new(Draw(seed, purpose, entity, n));

    /// <summary>A single value of that name, without a generator; it seeds the stream.</summary>
    public static ulong Draw(ulong seed, string purpose, string entity = "", ulong n = 0) =>
        Mix(Mix(Mix(Mix(seed) ^ HashText(purpose)) ^ HashText(entity)) ^ n);

    public ulong Next()
    {
        unchecked
        {
            var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
            var t = _s1 << 17;
            _s2 ^= _s0;
            _s3 ^= _s1;
            _s1 ^= _s2;
            _s0 ^= _s3;
            _s2 ^= t;
            _s3 = BitOperations.RotateLeft(_s3, 45);
            return result;
        }
    }

    /// <summary>A value in [0, bound), without bias worth naming (64-bit multiply-shift); bound &gt;
    /// 0.</summary>
    public long Below(long bound)
    {
        Invariant.Holds(bound > 0);
        return (long)Math.BigMul(Next(), (ulong)bound, out _);
    }

    /// <summary>A value in [min, max], both included.</summary>
    public long Between(long min, long max)
    {
        Invariant.Holds(min <= max);
        return min + Below(max - min + 1);
    }

    public Duration Between(Duration min, Duration max) => new(Between(min.Nanoseconds, max.Nanoseconds));

    /// <summary>True in <paramref name="numerator"/> of <paramref name="denominator"/> draws.</summary>
    public bool Chance(long numerator, long denominator) => Below(denominator) < numerator;

    public T Pick<T>(IReadOnlyList<T> items) => items[(int)Below(items.Count)];

    /// <summary>SplitMix64's finaliser: a bijection that spreads every input bit.</summary>
    public static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }

    /// <summary>FNV-1a over UTF-16 code units: the same on every host, unlike
    /// <c>string.GetHashCode</c>.</summary>
    public static ulong HashText(string text)
    {
        unchecked
        {
            var hash = 0xCBF29CE484222325UL;
            foreach (var c in text) hash = (hash ^ c) * 0x100000001B3UL;
            return hash;
        }
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_s0);
        fingerprint.Add(_s1);
        fingerprint.Add(_s2);
        fingerprint.Add(_s3);
    }
}
