using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

/// <summary>News that ride on other messages, each a bounded number of times, the least told first.</summary>
public sealed class Gossip
{
    private readonly SortedDictionary<NodeId, (MemberUpdate Update, int Told)> _news = [];

    public int Count => _news.Count;

    /// <summary>Tells this from now on; older news of the same member are dropped.</summary>
    public void Add(MemberUpdate update) => _news[update.Node] = (update, 0);

    /// <summary>Takes the news for one message to a group of <paramref name="members"/>.</summary>
    /// <param name="first">News that this receiver must hear, such as talk of its own death; null for
    /// none.</param>
    public IReadOnlyList<MemberUpdate> Take(int countMax, int members, MemberUpdate? first)
    {
        // 3 ln(n + 1) transmissions reach everybody with high probability (SWIM, section 4.1).
        var toldMax = Math.Max(2, ((3 * NaturalLog.Thousandths(members + 1)) + 999) / 1000);
        var result = new List<MemberUpdate>(countMax);
        if (first is not null) result.Add(first);
        var chosen = _news.Values
            .OrderBy(news => news.Told).ThenBy(news => news.Update.Node)
            .Where(news => news.Update.Node != first?.Node)
            .Take(countMax - result.Count).ToList();
        foreach (var (update, told) in chosen)
        {
            result.Add(update);
            if (told + 1 >= toldMax) _news.Remove(update.Node);
            else _news[update.Node] = (update, told + 1);
        }

        return result;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var (update, told) in _news.Values)
        {
            update.AddTo(ref fingerprint);
            fingerprint.Add((long)told);
        }
    }
}
