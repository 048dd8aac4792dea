using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Once the world is healed everything accepted ends within its bound, every request is answered,
/// and nothing keeps running.</summary>
public sealed class Liveness() : Checker("liveness", CheckerViews.None)
{
    // Giving a silent worker up, a new reservation and what else happens once before the work goes on.
    private static readonly Duration Resumption = Duration.FromSeconds(90);

    public override void OnEnd()
    {
        if (World.Clients.IsSettled)
        {
            IsInTime();
            return;
        }

        var open = World.Clients.Accepted.Values
            .Where(job => job.Ended is null)
            .Select(job => job.Id.ToString())
            .ToList();
        throw Broken(
            $"not settled {World.Plan.SettleWithin} after the faults: {open.Count} accepted jobs are open "
            + $"({string.Join(", ", open.Take(5))}), {World.Clients.OpenCount} requests unanswered, "
            + $"{World.Processes.RunningCount} workloads running; {World.Clients.Unsettled}; "
            + $"replicas that do not go on: {string.Join(", ", Stuck().Take(5))}");
    }

    private IEnumerable<string> Stuck() =>
        from host in World.Hosts
        from replica in (host.Node as IReplicaNode)?.Replicas ?? []
        where replica.Status != VsrStatus.Normal || (replica.IsPrimary && !replica.HasCommittedInView)
        select $"group {replica.Group} at {host.Id}: {replica.Status} in view {replica.View}, "
            + $"{replica.Commit} of {replica.Op} committed, next at {replica.NextDeadline}";

    /// <summary>Jobs end because their work is done, not because nobody waits for them any more: all that was
    /// open when the world healed, or came after, could run one after the other in this time.</summary>
    private void IsInTime()
    {
        var work = Duration.Zero;
        foreach (var job in World.Clients.Accepted.Values)
            foreach (var workflow in job.Spec.Workflows)
                work += (workflow.Duration + workflow.Timeout) * job.Spec.Datacenters.Count;
        var healed = Instant.Zero + World.Plan.FaultsEnd;
        foreach (var job in World.Clients.Accepted.Values)
        {
            // What fits nowhere is waited for until the job's deadline: a larger worker may come.
            if (!World.Plan.Topology.Fits(job.Spec)) continue;
            var begins = job.AcceptedAt > healed ? job.AcceptedAt : healed;
            Require(job.EndedAt <= begins + work + Resumption, () =>
                $"{job.Id}, accepted at {job.AcceptedAt}, ended at {job.EndedAt}; the world healed at "
                + $"{healed}, "
                + $"and all work together takes {work}: {job.Ended!.State} ({job.Ended.Reason})");
        }
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
