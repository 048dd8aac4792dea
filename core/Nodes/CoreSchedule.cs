using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>When each worker will have cores free, as far as what runs there tells.</summary>
internal sealed class CoreSchedule
{
    private readonly SortedDictionary<NodeId, long[]> _freeAt = [];

    public void AddWorker(NodeId worker, int cores) => _freeAt.Add(worker, new long[cores]);

    /// <summary>Cores that are taken for <paramref name="left"/> from here on; more than the worker has are
    /// not counted.</summary>
    public void AddRunning(NodeId worker, int cores, Duration left)
    {
        var freeAt = _freeAt[worker];
        // Free times are kept in rising order, so what is free still stands first.
        Array.Fill(freeAt, left.Nanoseconds, 0, Math.Min(cores, freeAt.Length));
        Array.Sort(freeAt);
    }

    /// <summary>The worker that first has this many cores free, ties by name; null when none is large
    /// enough.</summary>
    public NodeId? FirstFor(int cores)
    {
        NodeId? first = null;
        var at = long.MaxValue;
        foreach (var (worker, freeAt) in _freeAt)
        {
            if (freeAt.Length < cores || freeAt[cores - 1] >= at) continue;
            first = worker;
            at = freeAt[cores - 1];
        }

        return first;
    }
}
