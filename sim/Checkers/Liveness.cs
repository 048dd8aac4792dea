using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Once the world is healed everything accepted ends within its bound, every request is answered,
/// and nothing keeps running.</summary>
public sealed class Liveness() : Checker("liveness", CheckerViews.None)
{
    public override void OnEnd()
    {
        if (World.Clients.IsSettled) return;
        var open = World.Clients.Accepted.Values
            .Where(job => job.Ended is null)
            .Select(job => job.Id.ToString())
            .ToList();
        throw Broken(
            $"not settled {World.Plan.SettleWithin} after the faults: {open.Count} accepted jobs are open "
            + $"({string.Join(", ", open.Take(5))}), {World.Clients.OpenCount} requests unanswered, "
            + $"{World.Processes.RunningCount} workloads running; {World.Clients.Unsettled}");
    }
}

/// <summary>Every request of a client is answered at most once.</summary>
/// <remarks>Most of it is seen where answers arrive; at the end nobody waits any more.</remarks>
public sealed class OneAnswer() : Checker("one-answer", CheckerViews.None)
{
    private readonly SortedDictionary<long, int> _asked = [];

    public override void OnAsked(SimHost host, long requestId, ClientRequest request) =>
        Require(_asked.TryAdd(requestId, host.Life), () => $"request {requestId} is asked twice");

    public override void OnEnd() => Require(!World.Clients.IsSettled || World.Clients.OpenCount == 0, () =>
        $"{World.Clients.OpenCount} requests were never answered");
}

/// <summary>Every node's own rules hold when the run ends; on the way they are checked every few steps.
/// </summary>
public sealed class NodeInvariants() : Checker("invariants", CheckerViews.None)
{
    public override void OnEnd()
    {
        foreach (var host in World.Hosts) host.Node?.CheckInvariants();
    }
}
