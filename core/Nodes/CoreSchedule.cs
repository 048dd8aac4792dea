using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>When cores will be free, by list scheduling: every piece of work in turn takes the worker that
/// can begin it first.</summary>
/// <remarks>An estimate: work is taken to last as long as it says, workers to stay. Work that no worker is
/// large enough for is left out.</remarks>
internal sealed class CoreSchedule
{
    /// <summary>Most workers times pieces of work that one estimate looks at; what lies behind is spread
    /// evenly over all cores.</summary>
    public const int PlacementsMax = 20_000;

    /// <summary>Ten years: no wait is said to be longer.</summary>
    private const long WaitNanosecondsMax = 10L * 365 * 24 * 3600 * 1_000_000_000;

    private readonly SortedDictionary<NodeId, long[]> _freeAt = [];
    private long _cores;
    private long _spilledNanoseconds;
    private int _placements;

    public void AddWorker(NodeId worker, int cores)
    {
        _freeAt.Add(worker, new long[cores]);
        _cores += cores;
    }

    /// <summary>Cores that are taken for <paramref name="left"/> from here on; more than the worker has are
    /// not counted.</summary>
    public void AddRunning(NodeId worker, int cores, Duration left)
    {
        if (!_freeAt.TryGetValue(worker, out var freeAt)) return;
        // Free times are kept in rising order, so what is free still stands first.
        Take(freeAt, Math.Min(cores, freeAt.Length), left.Nanoseconds);
    }

    /// <summary>Work that waits, in the order of the queue.</summary>
    public void AddWaiting(int cores, Duration duration)
    {
        if (_placements >= PlacementsMax)
        {
            var spread = (Int128)duration.Nanoseconds * cores / Math.Max(1, _cores);
            _spilledNanoseconds = (long)Int128.Min(WaitNanosecondsMax, _spilledNanoseconds + spread);
            return;
        }

        if (FirstFor(cores) is not { } worker) return;
        var freeAt = _freeAt[worker];
        Take(freeAt, cores, freeAt[cores - 1] + duration.Nanoseconds);
    }

    /// <summary>How long until a worker has this many cores free; null when none is large enough.</summary>
    public Duration? WaitFor(int cores) =>
        FirstFor(cores) is { } worker
            ? new Duration(Math.Min(WaitNanosecondsMax, _freeAt[worker][cores - 1] + _spilledNanoseconds))
            : null;

    /// <summary>The worker that first has this many cores free, ties by name; null when none is large
    /// enough.</summary>
    public NodeId? FirstFor(int cores)
    {
        NodeId? first = null;
        var at = long.MaxValue;
        foreach (var (worker, freeAt) in _freeAt)
        {
            _placements++;
            if (freeAt.Length < cores || freeAt[cores - 1] >= at) continue;
            first = worker;
            at = freeAt[cores - 1];
        }

        return first;
    }

    private static void Take(long[] freeAt, int cores, long until)
    {
        Array.Fill(freeAt, Math.Min(WaitNanosecondsMax, until), 0, cores);
        Array.Sort(freeAt);
    }
}
