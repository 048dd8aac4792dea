using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

/// <summary>News that ride on other messages, each a bounded number of times, the least told
/// first.</summary>
/// <remarks>One news a member at most, so that there are never more of them than members.</remarks>
public sealed class Gossip
{
    private readonly SortedDictionary<NodeId, (MemberUpdate Update, int Told)> _news = [];
    private readonly SortedSet<(int Told, NodeId Node)> _leastTold = [];

    public int Count => _news.Count;

    /// <summary>How often one news is told in a group of so many: 3 ln(n + 1) times reaches everybody with
    /// high probability (SWIM, section 4.1).</summary>
    public static int TellingsFor(int members) =>
        Math.Max(2, ((3 * NaturalLog.Thousandths(members + 1)) + 999) / 1000);

    /// <summary>Tells this from here on; older news of the same member are dropped.</summary>
    public void Add(MemberUpdate update)
    {
        if (_news.TryGetValue(update.Node, out var old)) _leastTold.Remove((old.Told, update.Node));
        _news[update.Node] = (update, 0);
        _leastTold.Add((0, update.Node));
    }

    /// <summary>Takes the news for one message to a group of <paramref name="members"/>.</summary>
    /// <param name="bytesMax">What they may take together when encoded.</param>
    /// <param name="first">What this receiver must hear, such as talk of its own death; null for
    /// nothing.</param>
    public IReadOnlyList<MemberUpdate> Take(int bytesMax, int members, MemberUpdate? first)
    {
        var result = new List<MemberUpdate>();
        var bytes = 0;
        if (first is not null)
        {
            result.Add(first);
            bytes = SwimFields.BytesMaxOf(first);
        }

        var told = new List<(int Told, NodeId Node)>();
        foreach (var place in _leastTold)
        {
            if (place.Node == first?.Node) continue;
            var update = _news[place.Node].Update;
            bytes += SwimFields.BytesMaxOf(update);
            if (bytes > bytesMax) break;
            result.Add(update);
            told.Add(place);
        }

        foreach (var place in told) Age(place, TellingsFor(members));
        return result;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)_news.Count);
        foreach (var (update, told) in _news.Values)
        {
            update.AddTo(ref fingerprint);
            fingerprint.Add((long)told);
        }
    }

    private void Age((int Told, NodeId Node) place, int tellings)
    {
        _leastTold.Remove(place);
        var told = place.Told + 1;
        if (told >= tellings)
        {
            _news.Remove(place.Node);
            return;
        }

        _news[place.Node] = (_news[place.Node].Update, told);
        _leastTold.Add((told, place.Node));
    }
}
