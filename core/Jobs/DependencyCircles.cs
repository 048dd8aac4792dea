namespace Hyperscale.Det.Jobs;

/// <summary>Finds workflows that wait for each other.</summary>
internal static class DependencyCircles
{
    /// <summary>A shortest circle through each workflow that is on one, unless it is part of a circle already
    /// found. Each begins with its smallest workflow that is on no earlier one.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> Of(IReadOnlyList<IReadOnlyList<int>> dependsOn)
    {
        var circles = new List<IReadOnlyList<int>>();
        var seen = new bool[dependsOn.Count];
        for (var start = 0; start < dependsOn.Count; start++)
        {
            if (seen[start] || ShortestFrom(start, dependsOn) is not { } circle) continue;
            foreach (var workflow in circle) seen[workflow] = true;
            circles.Add(circle);
        }

        return circles;
    }

    private static List<int>? ShortestFrom(int start, IReadOnlyList<IReadOnlyList<int>> dependsOn)
    {
        var cameFrom = new int?[dependsOn.Count];
        var front = new Queue<int>([start]);
        while (front.TryDequeue(out var at))
        {
            foreach (var next in dependsOn[at])
            {
                if (next == start) return PathTo(at, start, cameFrom);
                if (cameFrom[next] is not null) continue;
                cameFrom[next] = at;
                front.Enqueue(next);
            }
        }

        return null;
    }

    private static List<int> PathTo(int end, int start, int?[] cameFrom)
    {
        var path = new List<int> { end };
        while (path[^1] != start) path.Add(cameFrom[path[^1]]!.Value);
        path.Reverse();
        return path;
    }
}
