using System.Diagnostics;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Slo;

/// <summary>Which rule makes a datacenter worse for the latencies of its jobs.</summary>
public enum SloRuleKind : byte { None, P50Busy, P95Degraded, P99Degraded, P99Unhealthy }

/// <summary>How well a datacenter is by the latencies of its jobs, and by which rule.</summary>
public readonly record struct SloHealth(DatacenterHealth Health, SloRuleKind Rule)
{
    public static readonly SloHealth Healthy = new(DatacenterHealth.Healthy, SloRuleKind.None);

    /// <summary>What a rule that is broken makes of a datacenter.</summary>
    public static SloHealth Of(SloRuleKind rule) => new(
        rule switch
        {
            SloRuleKind.None => DatacenterHealth.Healthy,
            SloRuleKind.P50Busy => DatacenterHealth.Busy,
            SloRuleKind.P95Degraded or SloRuleKind.P99Degraded => DatacenterHealth.Degraded,
            SloRuleKind.P99Unhealthy => DatacenterHealth.Unhealthy,
            _ => throw new UnreachableException($"unhandled {rule}"),
        },
        rule);

    /// <summary>The rule's name in reports.</summary>
    public static string NameOf(SloRuleKind rule) => rule switch
    {
        SloRuleKind.None => "none",
        SloRuleKind.P50Busy => "p50",
        SloRuleKind.P95Degraded => "p95",
        SloRuleKind.P99Degraded => "p99",
        SloRuleKind.P99Unhealthy => "p99_unhealthy",
        _ => throw new UnreachableException($"unhandled {rule}"),
    };
}

/// <summary>Makes a datacenter worse once a latency has missed its target by enough for long enough, and
/// better once it has kept below for as long (AD-42).</summary>
/// <remarks>
/// Each rule has a timer of its own, so that a p99 that is only just bad does not lend its time to one that
/// is terrible. Too few samples say nothing: they end what a rule was about to find, leave standing what it
/// has found, and are no time below its bound. What time there was before them still counts, since the
/// samples of one probe may grow too old before it has been long enough. A datacenter that gets no jobs at
/// all for what was found would stay as it is; so it is forgotten once there have been too few samples for
/// <see cref="ForgottenAfterWindows"/> evaluation windows.
/// </remarks>
public sealed class SloHealthClassifier(SloConfig config)
{
    public const int ForgottenAfterWindows = 6;

    private Rule _p50Busy;
    private Rule _p95Degraded;
    private Rule _p99Degraded;
    private Rule _p99Unhealthy;
    private Instant? _silentSince;

    /// <summary>Whether it has found anything, or anything better, by itself.</summary>
    public bool HasJudged { get; private set; }

    public SloHealth Health =>
        SloHealth.Of(
            _p99Unhealthy.IsBroken ? SloRuleKind.P99Unhealthy
            : _p99Degraded.IsBroken ? SloRuleKind.P99Degraded
            : _p95Degraded.IsBroken ? SloRuleKind.P95Degraded
            : _p50Busy.IsBroken ? SloRuleKind.P50Busy
            : SloRuleKind.None);

    /// <summary>Takes what the latencies are now; tells the health that follows.</summary>
    public SloHealth Observe(SloRatios ratios, Instant now)
    {
        if (ratios.Samples < config.MinSampleCount)
        {
            OnTooFew(now);
            return Health;
        }

        _silentSince = null;
        var before = Health;
        _p50Busy.Observe(ratios.P50, config.Busy, now);
        _p95Degraded.Observe(ratios.P95, config.DegradedByP95, now);
        _p99Degraded.Observe(ratios.P99, config.DegradedByP99, now);
        _p99Unhealthy.Observe(ratios.P99, config.Unhealthy, now);
        HasJudged |= Health != before;
        return Health;
    }

    /// <summary>Begins with what somebody else has found: it stands until latencies have been below its bound
    /// for as long.</summary>
    public void Inherit(SloHealth found)
    {
        Invariant.Holds(!HasJudged);
        _p50Busy = Rule.Of(found.Rule == SloRuleKind.P50Busy);
        _p95Degraded = Rule.Of(found.Rule == SloRuleKind.P95Degraded);
        // What is terrible is bad, too.
        _p99Degraded = Rule.Of(found.Rule is SloRuleKind.P99Degraded or SloRuleKind.P99Unhealthy);
        _p99Unhealthy = Rule.Of(found.Rule == SloRuleKind.P99Unhealthy);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _p50Busy.AddTo(ref fingerprint);
        _p95Degraded.AddTo(ref fingerprint);
        _p99Degraded.AddTo(ref fingerprint);
        _p99Unhealthy.AddTo(ref fingerprint);
        fingerprint.Add(_silentSince?.Nanoseconds ?? -1);
        fingerprint.Add(HasJudged);
    }

    private void OnTooFew(Instant now)
    {
        _silentSince ??= now;
        if (now - _silentSince.Value >= config.EvaluationWindow * ForgottenAfterWindows)
            _p50Busy = _p95Degraded = _p99Degraded = _p99Unhealthy = default;
        _p50Busy.Interrupt(now);
        _p95Degraded.Interrupt(now);
        _p99Degraded.Interrupt(now);
        _p99Unhealthy.Interrupt(now);
    }

    /// <summary>Whether a rule is broken, and since when what it sees says otherwise.</summary>
    private struct Rule
    {
        private Instant? _otherwiseSince;

        // How long it was below before that, of a broken one, with times of too few samples in between.
        private Duration _belowBefore;

        public bool IsBroken { get; private set; }

        public static Rule Of(bool isBroken) => new() { IsBroken = isBroken };

        public void Observe(double ratio, SloRule rule, Instant now)
        {
            if (ratio >= rule.Ratio == IsBroken)
            {
                (_otherwiseSince, _belowBefore) = (null, Duration.Zero);
                return;
            }

            _otherwiseSince ??= now;
            if (now - _otherwiseSince.Value + _belowBefore < rule.Sustained) return;
            IsBroken = !IsBroken;
            (_otherwiseSince, _belowBefore) = (null, Duration.Zero);
        }

        public void Interrupt(Instant now)
        {
            if (IsBroken && _otherwiseSince is { } since) _belowBefore += now - since;
            _otherwiseSince = null;
        }

        public readonly void AddTo(ref Fingerprint fingerprint)
        {
            fingerprint.Add(IsBroken);
            fingerprint.Add(_otherwiseSince?.Nanoseconds ?? -1);
            fingerprint.Add(_belowBefore.Nanoseconds);
        }
    }
}
