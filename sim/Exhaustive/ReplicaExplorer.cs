namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>Looks at every state that the real replica machines can reach within bounds, breadth first, so
/// that what it finds is a shortest way to it.</summary>
internal sealed class ReplicaExplorer(ExplorationBounds bounds)
{
    private readonly GroupModel _model = new(bounds);

    // Of states that are otherwise equal, those whose letters, crashes and ticks left are in no other's.
    private readonly Dictionary<ulong, List<Seen>> _seen = [];

    // By number of the state: the one before it, and the event between.
    private readonly List<(int Before, WorldEvent Event)> _ways = [];
    private readonly Queue<Seen> _frontier = new();
    private long _transitions;
    private long _committing;
    private int _depth;

    /// <param name="statesMax">Where to stop when the bounds allow more.</param>
    public static ExplorationResult Explore(ExplorationBounds bounds, int statesMax) =>
        new ReplicaExplorer(bounds).Run(statesMax);

    private ExplorationResult Run(int statesMax)
    {
        var events = new List<WorldEvent>();
        See(_model.Start(), -1, default, 0);
        while (_frontier.TryDequeue(out var at))
        {
            if (at.IsCovered) continue;
            _model.EventsOf(at.State, events);
            foreach (var next in events)
            {
                var after = _model.After(at.State, next, out var violation);
                _transitions++;
                if (violation is not null) return Result(false, violation, WayTo(at.Number, next));
                if (after is null || !See(after, at.Number, next, at.Depth + 1)) continue;
                if (_ways.Count >= statesMax) return Result(false, null, []);
            }
        }

        return Result(true, null, []);
    }

    private bool See(GroupState state, int before, WorldEvent next, int depth)
    {
        var print = state.Print();
        if (!_seen.TryGetValue(print, out var alike)) _seen.Add(print, alike = []);
        foreach (var other in alike)
            if (Covers(other.State, state)) return false;
        alike.RemoveAll(other => other.IsCovered = Covers(state, other.State));
        var seen = new Seen(_ways.Count, depth, state);
        alike.Add(seen);
        _depth = depth;
        _ways.Add((before, next));
        _frontier.Enqueue(seen);
        if (_model.HasCommitted(state)) _committing++;
        return true;
    }

    // Replicas, committed entries and proposals are equal.
    private static bool Covers(GroupState one, GroupState other) =>
        one.Used.IsWithin(other.Used) && one.Letters.Covers(other.Letters);

    private ExplorationResult Result(bool isComplete, string? violation, IReadOnlyList<string> way) => new(
        _ways.Count, _model.States.Count, _transitions, _depth, _committing, isComplete, violation, way);

    private List<string> WayTo(int state, WorldEvent last)
    {
        var way = new List<string> { Describe(last) };
        for (; _ways[state].Before >= 0; state = _ways[state].Before) way.Add(Describe(_ways[state].Event));
        way.Reverse();
        return way;
    }

    private string Describe(WorldEvent next) => next.Kind switch
    {
        EventKind.Delivered => $"arrives: {_model.States.Letters[next.Argument]}",
        EventKind.Synced => $"{next.Replica} syncs",
        EventKind.Crashed => $"{next.Replica} crashes; {next.Argument} unsynced records are on disk",
        EventKind.Proposed => $"{next.Replica} is given entry {next.Argument + 1}",
        EventKind.Suspected => $"{next.Replica} takes the primary for dead",
        EventKind.Ticked => $"the deadlines of {next.Replica} pass",
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {next}"),
    };

    private sealed class Seen(int number, int depth, GroupState state)
    {
        public int Number { get; } = number;

        public int Depth { get; } = depth;

        public GroupState State { get; } = state;

        /// <summary>A state that can do all this one can was seen since.</summary>
        public bool IsCovered { get; set; }
    }
}
