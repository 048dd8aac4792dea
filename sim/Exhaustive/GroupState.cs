using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>A state of the whole group.</summary>
/// <param name="Replicas">Numbers of the replicas' states.</param>
/// <param name="Letters">What was sent and may still arrive.</param>
/// <param name="Committed">Chain hash of the entry that was committed at each op, from 1.</param>
/// <param name="Used">How much of the bounds is used up.</param>
internal sealed record GroupState(int[] Replicas, LetterSet Letters, ulong[] Committed, Used Used)
{
    /// <summary>Equal for states that differ at most in their letters, and in the crashes and ticks
    /// used.</summary>
    public ulong Print()
    {
        var print = default(Fingerprint);
        foreach (var replica in Replicas) print.Add((long)replica);
        print.Add((long)Used.Entries);
        foreach (var hash in Committed) print.Add(hash);
        return print.Value;
    }
}

internal readonly record struct Used(ushort Crashes, ushort Entries, ushort Ticks)
{
    /// <summary>Whether no more crashes and ticks are used up than there.</summary>
    public bool IsWithin(Used other) => Crashes <= other.Crashes && Ticks <= other.Ticks;
}
