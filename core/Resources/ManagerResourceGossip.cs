using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>When a manager tells which other managers what it knows of resources.</summary>
/// <remarks>Every 2 s it tells three of them, drawn at random, or all where there are no more: with n
/// managers everybody has heard of a change after about log n rounds, where all views fit one message.
/// </remarks>
/// <param name="others">Every other manager of the datacenter.</param>
public sealed class ManagerResourceGossip(IReadOnlyList<NodeId> others)
{
    /// <summary>Most that are told in a round.</summary>
    public const int PeersMax = 3;

    /// <summary>Views in one message.</summary>
    public const int ViewsMax = ManagerClusterResourceView.ManagersMax;

    /// <summary>Workers in one message, of all views together: some 2 MiB. One view always fits.</summary>
    public const int WorkersMax = 4 * ManagerLocalView.WorkersMax;

    public static readonly Duration Interval = Duration.FromSeconds(2);

    private Rng _rng = new(0);

    // Of the others' views; the next message begins behind it.
    private NodeId? _toldLast;

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

    /// <summary>What the next message tells: this manager's own view, and of the others as many as fit, in
    /// turn from message to message.</summary>
    /// <param name="views">By manager.</param>
    /// <returns>By manager.</returns>
    public IReadOnlyList<ManagerLocalView> Choose(NodeId self, IReadOnlyList<ManagerLocalView> views)
    {
        var chosen = views.Where(view => view.Manager == self).ToList();
        var workers = chosen.Sum(view => view.Workers.Count);
        var turn = views.Where(view => view.Manager != self)
            .OrderBy(view => _toldLast is { } last && view.Manager <= last);
        foreach (var view in turn)
        {
            workers += view.Workers.Count;
            if (workers > WorkersMax || chosen.Count == ViewsMax) break;
            chosen.Add(view);
            _toldLast = view.Manager;
        }

        return [.. chosen.OrderBy(view => view.Manager)];
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(NextDeadline);
        fingerprint.Add(_toldLast?.Name);
        _rng.AddTo(ref fingerprint);
    }
}
