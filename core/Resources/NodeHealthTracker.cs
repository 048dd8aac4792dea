using System.Diagnostics.CodeAnalysis;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

public enum TrackerVerdict : byte
{
    Accepted,

    /// <summary>Not newer than what is known and still counts.</summary>
    Stale,

    /// <summary>It has been under way for too long to count.</summary>
    Expired,

    /// <summary>Too many nodes are known.</summary>
    Overloaded,
}

/// <summary>The newest state of each node, for as long as it counts.</summary>
/// <remarks>Age is counted by the clock of whoever keeps it: from the receipt, and before that what the state
/// is said to have been under way.</remarks>
/// <param name="staleness">After so long a state counts for nothing.</param>
/// <param name="nodesMax">Of which a state is kept.</param>
public sealed class NodeHealthTracker<T>(Duration staleness, int nodesMax)
    where T : class
{
    private readonly SortedDictionary<NodeId, Known> _known = [];

    public int Count => _known.Count;

    /// <summary>Takes a state.</summary>
    /// <param name="age">How old it was when it came.</param>
    public TrackerVerdict Observe(
        NodeId node, StateVersion version, T state, Instant now, Duration age = default)
    {
        if (age > staleness) return TrackerVerdict.Expired;
        if (_known.TryGetValue(node, out var known))
        {
            // A node that lost its disk counts its lives from the start again: what counts for nothing any
            // more keeps it from nothing.
            if (version <= known.Version && IsFresh(known, now)) return TrackerVerdict.Stale;
        }
        else if (_known.Count >= nodesMax)
        {
            return TrackerVerdict.Overloaded;
        }

        _known[node] = new Known(version, state, now - age);
        return TrackerVerdict.Accepted;
    }

    /// <summary>The node's newest state, unless it is too old.</summary>
    public bool TryGet(NodeId node, Instant now, [NotNullWhen(true)] out T? state)
    {
        state = _known.TryGetValue(node, out var known) && IsFresh(known, now) ? known.State : null;
        return state is not null;
    }

    /// <summary>Every state that counts, with its version and age, by node.</summary>
    public IEnumerable<(NodeId Node, StateVersion Version, T State, Duration Age)> Fresh(Instant now)
    {
        foreach (var (node, known) in _known)
            if (IsFresh(known, now)) yield return (node, known.Version, known.State, now - known.At);
    }

    /// <summary>Lets go of what counts for nothing any more; how many there were.</summary>
    public int Expire(Instant now)
    {
        var old = _known.Where(known => !IsFresh(known.Value, now)).Select(known => known.Key).ToList();
        foreach (var node in old) _known.Remove(node);
        return old.Count;
    }

    public void CheckInvariants() => Invariant.Holds(_known.Count <= nodesMax);

    /// <param name="addState">Adds a state.</param>
    public void AddTo(ref Fingerprint fingerprint, StateAdder<T> addState)
    {
        fingerprint.Add((long)_known.Count);
        foreach (var (node, known) in _known)
        {
            fingerprint.Add(node);
            known.Version.AddTo(ref fingerprint);
            fingerprint.Add(known.At);
            addState(known.State, ref fingerprint);
        }
    }

    private bool IsFresh(in Known known, Instant now) => now - known.At <= staleness;

    /// <param name="At">When the state was so, by this node's clock.</param>
    private readonly record struct Known(StateVersion Version, T State, Instant At);
}

public delegate void StateAdder<in T>(T state, ref Fingerprint fingerprint);
