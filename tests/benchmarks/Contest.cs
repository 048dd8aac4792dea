using System.Diagnostics;

namespace Hyperscale.Det.Benchmarks;

/// <summary>What one call costs.</summary>
internal readonly record struct Cost(double Nanoseconds, double AllocatedBytes);

/// <summary>Measures several ways to do the same, taking short turns in one run, so that a machine that grows
/// slower or faster meanwhile does so for all.</summary>
internal static class Contest
{
    private const int Rounds = 300;
    private const double TurnSeconds = 0.001;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    /// <summary>The cost of a call of each action in its fastest turn: the others only add what else the
    /// machine did meanwhile.</summary>
    public static Cost[] Run(params Action[] actions)
    {
        foreach (var action in actions) RunFor(action, WarmUp);
        var calls = actions.Select(CallsInTurn).ToArray();
        var best = new Cost[actions.Length];
        Array.Fill(best, new Cost(double.MaxValue, 0));
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < actions.Length; i++)
            {
                var cost = Measure(actions[i], calls[i]);
                if (cost.Nanoseconds < best[i].Nanoseconds) best[i] = cost;
            }
        }

        return best;
    }

    private static int CallsInTurn(Action action)
    {
        var fastest = Enumerable.Range(0, 20).Min(_ => Measure(action, 10).Nanoseconds);
        return (int)Math.Max(1, TurnSeconds * 1e9 / fastest);
    }

    private static void RunFor(Action action, TimeSpan time)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
            for (var i = 0; i < 100; i++) action();
    }

    private static Cost Measure(Action action, int calls)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++) action();
        var elapsed = Stopwatch.GetElapsedTime(start);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return new Cost(elapsed.TotalNanoseconds / calls, (double)allocated / calls);
    }
}
