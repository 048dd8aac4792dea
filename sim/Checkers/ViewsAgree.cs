using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>In a healed world every running manager has the view of every other running one of its
/// datacenter, of the life that the other one runs, and not older than some rounds of gossip.</summary>
/// <param name="viewsOf">What a node knows of its datacenter's resources; null for one that keeps
/// none.</param>
public sealed class ViewsAgree(Func<SimHost, IReadOnlyList<ManagerLocalView>?> viewsOf)
    : HealedAgreement("views-agree", CheckerViews.Samples, Bound)
{
    /// <summary>What an earlier life said is believed no longer, and a few rounds.</summary>
    private static readonly Duration Bound =
        ManagerClusterResourceView.Staleness + (ManagerResourceGossip.Interval * 5);

    /// <summary>Three peers a round are all that a datacenter of the simulator has, and streams lose
    /// nothing: two rounds, and their time under way.</summary>
    private static readonly Duration AgeMax = ManagerResourceGossip.Interval * 4;

    public ViewsAgree()
        : this(host => host.Node is ManagerNode manager ? [.. manager.ResourceViews(host.LocalNow)] : null)
    {
    }

    protected override string? Disagreement()
    {
        foreach (var host in World.Hosts)
        {
            if (!host.IsRunning || viewsOf(host) is not { } views) continue;
            foreach (var other in World.Hosts)
            {
                if (!other.IsRunning || viewsOf(other) is not { } theirs) continue;
                if (other.Place.Datacenter != host.Place.Datacenter || other.Id == host.Id) continue;
                if (Find(theirs, other.Id) is not { } truth) continue;
                if (Find(views, other.Id) is not { } known) return $"{host.Id} knows nothing of {other.Id}";
                if (known.Version.Life != truth.Version.Life)
                    return $"{host.Id} knows {known.Version} of {other.Id}, which is at {truth.Version}";
                if (known.Age > AgeMax) return $"{host.Id} knows nothing new of {other.Id} for {known.Age}";
            }
        }

        return null;
    }

    private static ManagerLocalView? Find(IReadOnlyList<ManagerLocalView> views, NodeId manager) =>
        views.FirstOrDefault(view => view.Manager == manager);
}
