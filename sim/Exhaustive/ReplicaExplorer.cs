using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>Looks at every state that the real replica machines can reach within bounds, breadth first, so
/// that what it finds is a shortest way to it.</summary>
internal static class ReplicaExplorer
{
    /// <param name="statesMax">Where to stop when the bounds allow more.</param>
    public static ExplorationResult Explore(ExplorationBounds bounds, int statesMax)
    {
        var start = new ReplicaWorld(bounds);
        var seen = new HashSet<ulong> { start.Fingerprint() };
        var frontier = new Queue<Trail>();
        frontier.Enqueue(new Trail(null, null, 0));
        var (transitions, depth, committing) = (0L, 0, 0L);
        while (frontier.TryDequeue(out var trail))
        {
            depth = trail.Depth;
            foreach (var next in Replay(bounds, trail).Events())
            {
                transitions++;
                // A step cannot be taken back: each is taken in a world of its own.
                var world = Replay(bounds, trail);
                var onwards = new Trail(trail, next, trail.Depth + 1);
                try
                {
                    world.Apply(next);
                }
                catch (InvariantViolationException broken)
                {
                    return new ExplorationResult(
                        seen.Count, transitions, depth, committing, false, broken.Message, onwards.Events());
                }

                if (world.IsBeyond || !seen.Add(world.Fingerprint())) continue;
                if (world.HasCommitted) committing++;
                if (seen.Count >= statesMax)
                    return new ExplorationResult(seen.Count, transitions, depth, committing, false, null, []);
                frontier.Enqueue(onwards);
            }
        }

        return new ExplorationResult(seen.Count, transitions, depth, committing, true, null, []);
    }

    private static ReplicaWorld Replay(ExplorationBounds bounds, Trail trail)
    {
        var world = new ReplicaWorld(bounds);
        foreach (var step in trail.Events()) world.Apply(step);
        return world;
    }

    /// <summary>How a state was reached.</summary>
    private sealed record Trail(Trail? Before, WorldEvent? Last, int Depth)
    {
        public WorldEvent[] Events()
        {
            var events = new WorldEvent[Depth];
            var at = this;
            for (var i = Depth - 1; i >= 0; i--, at = at!.Before) events[i] = at!.Last!;
            return events;
        }
    }
}

/// <summary>What an exploration saw.</summary>
/// <param name="Committing">States in which a client's entry is committed: without them nothing was
/// tested.</param>
/// <param name="IsComplete">Every state within the bounds was seen.</param>
/// <param name="Violation">The broken rule; null when none is.</param>
/// <param name="Way">A shortest way to the violation.</param>
internal sealed record ExplorationResult(
    int States,
    long Transitions,
    int Depth,
    long Committing,
    bool IsComplete,
    string? Violation,
    IReadOnlyList<WorldEvent> Way);
