using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What one manager has heard of latencies since it leads, and what each rule of health is to make
/// of it.</summary>
public sealed class ManagerLatencies
{
    private readonly SloConfig _config;
    private readonly Duration _horizon;
    private readonly RuleWatch[] _rules;
    private readonly Queue<(Instant At, Side[] Sides)> _heard = [];
    private SloHealth _last = SloHealth.Healthy;

    public ManagerLatencies(SloConfig config)
    {
        _config = config;
        _horizon = config.WindowDuration * config.MaxWindows;
        // The worst last, as a health shows the worst that is broken.
        _rules =
        [
            new RuleWatch(SloRuleKind.P50Busy, DatacenterHealth.Busy, config.Busy),
            new RuleWatch(SloRuleKind.P95Degraded, DatacenterHealth.Degraded, config.DegradedByP95),
            new RuleWatch(SloRuleKind.P99Degraded, DatacenterHealth.Degraded, config.DegradedByP99),
            new RuleWatch(SloRuleKind.P99Unhealthy, DatacenterHealth.Unhealthy, config.Unhealthy),
        ];
    }

    /// <summary>Whether the last report came after a rule had been broken, and then whole, for as long as it
    /// takes.</summary>
    public bool HasRecovered { get; private set; }

    /// <summary>Whether latencies have surely been so bad for long enough.</summary>
    public bool IsSureOf(DatacenterHealth health) =>
        _rules.Any(rule => rule.Health >= health && rule.MustBeBroken);

    public void OnHeard(LatencyDigest latency, LatencySlo target, Instant now) =>
        _heard.Enqueue((now, [.. _rules.Select(rule => rule.SideOf(latency, target))]));

    /// <summary>An earlier primary's finding came, and may have been taken over.</summary>
    public void OnInherited(SloHealth health, Instant now)
    {
        foreach (var rule in _rules)
        {
            rule.Restart();
            if (health != _last) rule.OnFound(now);
        }

        _last = health;
    }

    /// <summary>What is wrong with a report.</summary>
    public IEnumerable<string> OnReported(DatacenterSlo report, Instant now)
    {
        while (_heard.TryPeek(out var oldest) && now - oldest.At > _horizon) _heard.Dequeue();
        var isEnough = report.Summary.Samples >= _config.MinSampleCount;
        var (before, after) = (RankOf(_last), RankOf(report.Health));
        _last = report.Health;
        HasRecovered = false;
        var faults = new List<string>();
        for (var i = 0; i < _rules.Length; i++)
        {
            var rule = _rules[i];
            if (isEnough) rule.Observe(SideOf(i), now);
            else rule.Interrupt();
            if (rule.MustBeBroken && report.Health.Health < rule.Health)
                faults.Add($"{rule.Kind} has been broken for {rule.BrokenFor(now)}");
            if (rule.MustBeWhole && after == i) faults.Add($"{rule.Kind} has been whole for long enough");
            if (after == i && before < i && !rule.MayBeBroken(now))
                faults.Add($"{rule.Kind} has been broken only since {rule.MaybeAboveSince}");
            if (before == i && after < i && !rule.MayBeWhole(now))
                faults.Add($"{rule.Kind} has been whole only since {rule.MaybeBelowSince}");
            HasRecovered |= before == i && after < i;
            if (before < i && after >= i) rule.OnFound(now);
        }

        return faults;
    }

    private static int RankOf(SloHealth health) => (int)health.Rule - 1;

    private Side SideOf(int rule)
    {
        if (_heard.Count == 0) return Side.Unknown;
        if (_heard.All(heard => heard.Sides[rule] == Side.Above)) return Side.Above;
        return _heard.All(heard => heard.Sides[rule] == Side.Below) ? Side.Below : Side.Unknown;
    }

    /// <summary>On which side of a rule's bound latencies surely are.</summary>
    public enum Side : byte { Unknown, Above, Below }
}

/// <summary>Since when a rule of health is surely, or perhaps, broken or whole.</summary>
public sealed class RuleWatch(SloRuleKind kind, DatacenterHealth health, SloRule rule)
{
    // Digests err by less than this, per million, in the ranks that rules look at.
    private const int P50Margin = 50_000;
    private const int P95Margin = 25_000;
    private const int P99Margin = 8_000;
    private const double RatioMargin = 0.001;

    private Instant? _aboveSince;
    private Instant? _belowSince;
    private Duration _belowBefore;
    private Instant _lastReport = Instant.Zero;

    public SloRuleKind Kind { get; } = kind;

    public DatacenterHealth Health { get; } = health;

    /// <summary>Since when every report with enough latencies may have been above; null where the last was
    /// not, or had too few.</summary>
    public Instant? MaybeAboveSince { get; private set; }

    /// <summary>When one was surely above for the last time, or when the rule was found broken.</summary>
    public Instant MaybeBelowSince { get; private set; } = Instant.Zero;

    public bool MustBeBroken => _aboveSince is { } since && _lastReport - since >= rule.Sustained;

    public bool MustBeWhole =>
        _belowSince is { } since && _lastReport - since + _belowBefore >= rule.Sustained;

    public Duration BrokenFor(Instant now) => now - (_aboveSince ?? now);

    public bool MayBeBroken(Instant now) =>
        MaybeAboveSince is { } since && now - since >= rule.Sustained;

    public bool MayBeWhole(Instant now) => now - MaybeBelowSince >= rule.Sustained;

    public ManagerLatencies.Side SideOf(LatencyDigest latency, LatencySlo target)
    {
        var (rank, margin, targetMs) = Kind switch
        {
            SloRuleKind.P50Busy => (500_000, P50Margin, target.P50Ms),
            SloRuleKind.P95Degraded => (950_000, P95Margin, target.P95Ms),
            _ => (990_000, P99Margin, target.P99Ms),
        };
        var bound = rule.Ratio * targetMs;
        if (MsAt(latency, rank - margin) >= bound * (1 + RatioMargin)) return ManagerLatencies.Side.Above;
        return MsAt(latency, rank + margin) < bound * (1 - RatioMargin)
            ? ManagerLatencies.Side.Below
            : ManagerLatencies.Side.Unknown;
    }

    public void Observe(ManagerLatencies.Side side, Instant now)
    {
        _lastReport = now;
        _aboveSince = side == ManagerLatencies.Side.Above ? _aboveSince ?? now : null;
        MaybeAboveSince = side == ManagerLatencies.Side.Below ? null : MaybeAboveSince ?? now;
        if (side == ManagerLatencies.Side.Above) MaybeBelowSince = now;
        if (side == ManagerLatencies.Side.Below) _belowSince ??= now;
        else (_belowSince, _belowBefore) = (null, Duration.Zero);
    }

    /// <summary>A report of too few latencies.</summary>
    public void Interrupt()
    {
        (_aboveSince, MaybeAboveSince) = (null, null);
        if (_belowSince is { } since) _belowBefore += _lastReport - since;
        _belowSince = null;
    }

    public void OnFound(Instant now) => MaybeBelowSince = now;

    /// <summary>Its timers may have begun anew.</summary>
    public void Restart() => (_aboveSince, _belowSince, _belowBefore) = (null, null, Duration.Zero);

    // By whole centroids; the margins are wider than any.
    private static double MsAt(LatencyDigest latency, int perMillion)
    {
        var (rank, upTo) = (latency.Count * (perMillion / 1e6), 0L);
        foreach (var centroid in latency.Centroids)
        {
            upTo += centroid.Weight;
            if (upTo >= rank) return centroid.MeanNanoseconds / 1e6;
        }

        return latency.Max.Nanoseconds / 1e6;
    }
}
