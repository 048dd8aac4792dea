using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Nodes;

/// <summary>What a gate knows of the resources of one datacenter's workers (AD-41).</summary>
/// <remarks>Of two managers' views it takes the one that knows more, and of two that each know something the
/// one under the higher pressure. A datacenter under high pressure comes after the others until the pressure
/// has fallen well below that.</remarks>
internal sealed class DatacenterPressure
{
    // By manager: what one that is dead knew last is not to stand beside what the living know now.
    private readonly SortedDictionary<NodeId, (ClusterResources Resources, Instant At)> _told = [];

    /// <summary>Whether the newest that was heard was, or stayed, high.</summary>
    public bool IsPressed { get; private set; }

    /// <summary>Takes what a manager told.</summary>
    public void Observe(NodeId manager, ClusterResources told, Instant now)
    {
        _told[manager] = (told, now);
        IsPressed = Pressure.IsHigh(At(now)!.WorstPressure, IsPressed);
    }

    /// <summary>What is known; null when that is nothing, or too old.</summary>
    public ClusterResources? At(Instant now)
    {
        ClusterResources? known = null;
        foreach (var (resources, at) in _told.Values)
        {
            if (now - at > ManagerClusterResourceView.Staleness) continue;
            known = known is null ? resources : ClusterResources.Merge(known, resources);
        }

        return known;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (manager, (resources, at)) in _told)
        {
            fingerprint.Add(manager);
            resources.AddTo(ref fingerprint);
            fingerprint.Add(at);
        }

        fingerprint.Add(IsPressed);
    }
}
