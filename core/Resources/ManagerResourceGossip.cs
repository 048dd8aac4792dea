using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>When a manager tells which other managers what it knows of resources.</summary>
/// <remarks>Every 2 s it tells three of them, drawn at random, or all where there are no more: with n
/// managers everybody has heard of a change after about log n rounds.</remarks>
/// <param name="others">Every other manager of the datacenter.</param>
public sealed class ManagerResourceGossip(IReadOnlyList<NodeId> others)
{
    /// <summary>Most that are told in a round.</summary>
    public const int PeersMax = 3;

    /// <summary>Views in one message.</summary>
    public const int ViewsMax = ManagerClusterResourceView.ManagersMax;

    public static readonly Duration Interval = Duration.FromSeconds(2);

    private Rng _rng = new(0);

    public Instant NextDeadline { get; private set; } = Instant.Never;

    /// <param name="seed">Of this life.</param>
    public void Start(NodeId self, BootId boot, ulong seed, Instant now)
    {
        _rng = Rng.Stream(seed, "resource-gossip", self.Name, boot.Value);
        if (others.Count > 0) NextDeadline = now + Interval;
    }

    /// <summary>Whom to tell now; nobody before the next round is due.</summary>
    public IReadOnlyList<NodeId> TakePeers(Instant now)
    {
        if (NextDeadline > now) return [];
        NextDeadline = now + Interval;
        var left = others.ToList();
        var peers = new List<NodeId>();
        while (left.Count > 0 && peers.Count < PeersMax)
        {
            var at = (int)_rng.Below(left.Count);
            peers.Add(left[at]);
            left.RemoveAt(at);
        }

        return peers;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(NextDeadline);
        _rng.AddTo(ref fingerprint);
    }
}
