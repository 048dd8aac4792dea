using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>Numbers of the hysteresis (AD-36).</summary>
/// <param name="HoldDown">How long a chosen datacenter stays, whatever the scores.</param>
/// <param name="SwitchBelow">A challenger's score has to be below so much of an incumbent's.</param>
/// <param name="DegradedAbove">An incumbent's score above so much of the one it was chosen by is
/// bad.</param>
/// <param name="DegradedFor">How long that has to last.</param>
/// <param name="Cooldown">How long a failed dispatch counts.</param>
/// <param name="CooldownFactor">What scores are multiplied by meanwhile.</param>
public sealed record HysteresisConfig(
    Duration HoldDown,
    double SwitchBelow,
    double DegradedAbove,
    Duration DegradedFor,
    Duration Cooldown,
    double CooldownFactor)
{
    /// <summary>One decision in so many is for a datacenter that lost its traffic.</summary>
    public int ProbeEvery { get; init; } = GateJobRouter.ProbeEvery;

    public static readonly HysteresisConfig Default = new(
        HoldDown: Duration.FromSeconds(30),
        SwitchBelow: 0.8,
        DegradedAbove: 1.5,
        DegradedFor: Duration.FromSeconds(10),
        Cooldown: Duration.FromSeconds(120),
        CooldownFactor: 2);
}

/// <summary>How an incumbent stands when a job is routed.</summary>
internal enum Standing : byte
{
    /// <summary>No incumbent, or one that lost its place: its score counts as it is.</summary>
    Challenger,
    HeldDown,
    Incumbent,
    Degraded,

    /// <summary>Its jobs miss their latency targets, and a challenger's do not.</summary>
    MissesSlo,
    CoolingDown,
}

/// <summary>The datacenters that jobs of one class go to, in order, and since when.</summary>
internal sealed class Incumbents
{
    // From here on results say most of what there is to know.
    private const double KnownFrom = 0.9;

    private readonly List<Entry> _entries = [];
    private bool _isBootstrap;

    public int Count => _entries.Count;

    public DatacenterName this[int index] => _entries[index].Name;

    public int IndexOf(in DatacenterName name)
    {
        for (var i = 0; i < _entries.Count; i++)
            if (_entries[i].Name.Equals(name)) return i;
        return -1;
    }

    public Instant SelectedAt(int index) => _entries[index].SelectedAt;

    /// <summary>Scores with and without coordinates cannot be compared: what was chosen by the one is
    /// measured anew by the other.</summary>
    public void Follow(bool isBootstrap)
    {
        if (isBootstrap == _isBootstrap) return;
        _isBootstrap = isBootstrap;
        for (var i = 0; i < _entries.Count; i++)
            _entries[i] = _entries[i] with { ScoreAtSelection = 0, WorseSince = null };
    }

    /// <summary>How an incumbent stands with the score that it has now.</summary>
    /// <param name="score">By its own SLO factor, here and below.</param>
    /// <param name="isRelieved">Its jobs miss their latency targets, and a challenger's do not.</param>
    public Standing StandingOf(
        int index, in DatacenterRoutingScore score, bool isRelieved, HysteresisConfig config, Instant now)
    {
        var entry = Learned(_entries[index], score);
        if (score.CooldownFactor > 1) return Standing.CoolingDown;
        if (isRelieved) return Standing.MissesSlo;
        // To be full for the moment is no degradation, however the score suffers.
        var isWorse = !score.IsFull && IsWorse(entry, score.Score, config);
        if (isWorse && entry.WorseSince is { } since && now - since >= config.DegradedFor)
            return Standing.Degraded;
        return now - entry.SelectedAt < config.HoldDown ? Standing.HeldDown : Standing.Incumbent;
    }

    /// <summary>Notes the score that an incumbent has now.</summary>
    public void Note(int index, in DatacenterRoutingScore score, HysteresisConfig config, Instant now)
    {
        var entry = Learned(_entries[index], score);
        var isWorse = IsWorse(entry, score.Score, config);
        if (!isWorse) entry = entry with { WorseSince = null };
        else if (!score.IsFull) entry = entry with { WorseSince = entry.WorseSince ?? now };
        _entries[index] = entry;
    }

    /// <summary>Makes these the incumbents; those that were it already keep what is known of them.</summary>
    public void Become(
        ReadOnlySpan<(DatacenterName Name, double Score, double Confidence)> chosen, Instant now)
    {
        Span<Entry> next = new Entry[chosen.Length];
        for (var i = 0; i < chosen.Length; i++)
        {
            var known = IndexOf(chosen[i].Name);
            next[i] = known >= 0
                ? _entries[known]
                : new Entry(chosen[i].Name, now, chosen[i].Score, chosen[i].Confidence, null);
        }

        _entries.Clear();
        _entries.AddRange(next);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_isBootstrap);
        foreach (var entry in _entries)
        {
            fingerprint.Add(entry.Name.Text);
            fingerprint.Add(entry.SelectedAt);
            fingerprint.Add(entry.ScoreAtSelection);
            fingerprint.Add(entry.Confidence);
            fingerprint.Add(entry.WorseSince ?? Instant.Never);
        }
    }

    /// <summary>What was chosen by a prediction is measured by what its first results say: that they say
    /// more than the distance is no degradation, unless they say much more.</summary>
    private static Entry Learned(in Entry entry, in DatacenterRoutingScore score) =>
        entry.ScoreAtSelection <= 0
        || (entry.Confidence < KnownFrom && score.ObservedConfidence > entry.Confidence
            && score.ObservedLatencyMs <= score.PredictedRttMs + BaselineOverhead.MaxMs)
            ? entry with { ScoreAtSelection = score.Score, Confidence = score.ObservedConfidence }
            : entry;

    private static bool IsWorse(in Entry entry, double score, HysteresisConfig config) =>
        entry.ScoreAtSelection > 0 && score > entry.ScoreAtSelection * config.DegradedAbove;

    /// <param name="Confidence">In what was observed, when its score was noted.</param>
    /// <param name="WorseSince">Null while its score is not bad.</param>
    private readonly record struct Entry(
        DatacenterName Name,
        Instant SelectedAt,
        double ScoreAtSelection,
        double Confidence,
        Instant? WorseSince);
}
