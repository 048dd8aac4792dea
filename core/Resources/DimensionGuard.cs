using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>The level of one dimension of one workload.</summary>
/// <remarks>A violation of a level is a run of samples at or above it. Up to <see cref="DipsMax"/> samples in
/// a row may lie below, as long as the filtered value does not: noise does not start it anew. It has lasted
/// from its first sample to its last one that was itself above, so that what the filter still remembers of a
/// spike adds nothing. Time counts by samples that arrived, one interval for each, and never more than has
/// passed: one that comes late makes up for the next one that comes early, a gap counts once. Once it lasted
/// the grace, the level applies if the filtered value is above it by two deviations; without them it has to
/// last longer by the relative uncertainty. A filter that lags does not hold it up for long: two more samples
/// without a single one below are proof enough.</remarks>
internal sealed class DimensionGuard
{
    private const int DipsMax = 2;
    private const int ProofSamples = 2;
    private const int Levels = 4;

    /// <summary>Intervals that a sample can be late by without anything being lost.</summary>
    private const int PassedMax = 2;

    private readonly double[] _thresholds = new double[Levels];
    private readonly Violation[] _violations = new Violation[Levels];
    private readonly Duration _interval;
    private readonly Duration _grace;
    private readonly Duration _proof;

    // A quota is a cure: what came before it does not count for the next step.
    private readonly bool _isCurable;
    private Duration _below;

    public DimensionGuard(double limit, bool isCurable, ResourceConfig config)
    {
        for (var level = GuardLevel.Warn; level <= GuardLevel.Kill; level++)
            _thresholds[(int)level] = limit * config.ThresholdOf(level);
        (Limit, _interval, _grace) = (limit, config.SampleInterval, config.GracePeriod);
        _isCurable = isCurable;
        _proof = _grace + (config.SampleInterval * ProofSamples);
    }

    public double Limit { get; }

    public GuardLevel Level { get; private set; }

    /// <summary>In the dimension's own unit.</summary>
    public double ThresholdOf(GuardLevel level) => _thresholds[(int)level];

    /// <summary>Takes a sample and what the filter makes of it; <see cref="Move"/> follows until it does not
    /// move.</summary>
    /// <param name="passed">Since the sample before; nothing for the first.</param>
    public void Observe(double raw, double estimate, Duration passed)
    {
        for (var i = 1; i < Levels; i++)
        {
            _violations[i] = _violations[i].With(
                raw >= _thresholds[i], estimate >= _thresholds[i], passed, _interval);
        }

        _below = estimate < _thresholds[(int)Level]
            ? _below + Duration.Shorter(passed, _interval)
            : Duration.Zero;
    }

    /// <summary>Moves the level by one; false when it stays.</summary>
    public bool Move(double estimate, double uncertainty)
    {
        if (Level == GuardLevel.Kill) return false;
        if (IsDue(Level + 1, estimate, uncertainty))
        {
            Level++;
            _below = Duration.Zero;
            if (_isCurable && Level == GuardLevel.Throttle) Forgive();
            return true;
        }

        if (Level == GuardLevel.None || _below < _grace || _below == Duration.Zero) return false;
        Level--;
        _below = Duration.Zero;
        return true;
    }

    /// <summary>What was seen so far does not count for a kill: it was before the cure.</summary>
    public void Forgive() => _violations[(int)GuardLevel.Kill] = default;

    public void CheckInvariants()
    {
        foreach (var violation in _violations)
        {
            Invariant.Holds(violation.Confirmed <= violation.Held(_interval));
            Invariant.Holds(violation.Dips <= DipsMax);
        }

        // What is above a level is above those below it.
        for (var i = 2; i < Levels; i++)
            Invariant.Holds(_violations[i].Held(_interval) <= _violations[i - 1].Held(_interval));
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Limit);
        fingerprint.Add((ulong)Level);
        fingerprint.Add(_below.Nanoseconds);
        foreach (var violation in _violations)
        {
            fingerprint.Add(violation.IsOpen);
            fingerprint.Add(violation.IsUnbroken);
            fingerprint.Add(violation.Samples);
            fingerprint.Add(violation.Passed.Nanoseconds);
            fingerprint.Add(violation.Confirmed.Nanoseconds);
            fingerprint.Add((long)violation.Dips);
        }
    }

    private bool IsDue(GuardLevel level, double estimate, double uncertainty)
    {
        var violation = _violations[(int)level];
        // The sample at hand is above it, too.
        if (!violation.IsOpen || violation.Dips > 0 || violation.Confirmed < _grace) return false;
        if (violation.IsUnbroken && violation.Confirmed >= _proof) return true;
        var threshold = _thresholds[(int)level];
        if (estimate < threshold) return false;
        if (estimate - (2 * uncertainty) >= threshold) return true;
        var longer = _grace.Nanoseconds * (1 + (uncertainty / estimate));
        return violation.Confirmed.Nanoseconds >= longer;
    }

    /// <param name="IsUnbroken">No sample of it was below.</param>
    /// <param name="Samples">After its first one.</param>
    /// <param name="Passed">Since its first sample, gaps shortened.</param>
    /// <param name="Confirmed">How long it lasted until its last sample that was itself above.</param>
    /// <param name="Dips">Samples below since then.</param>
    private readonly record struct Violation(
        bool IsOpen, bool IsUnbroken, long Samples, Duration Passed, Duration Confirmed, int Dips)
    {
        /// <summary>How long it has lasted.</summary>
        public Duration Held(Duration interval) => Duration.Shorter(interval * Samples, Passed);

        public Violation With(bool isAbove, bool isFilteredAbove, Duration passed, Duration interval)
        {
            if (isAbove && !IsOpen) return new Violation(true, true, 0, Duration.Zero, Duration.Zero, 0);
            var next = this with
            {
                Samples = Samples + 1,
                Passed = Passed + Duration.Shorter(passed, interval * PassedMax),
            };
            if (isAbove) return next with { Confirmed = next.Held(interval), Dips = 0 };
            return IsOpen && isFilteredAbove && Dips < DipsMax
                ? next with { IsUnbroken = false, Dips = Dips + 1 }
                : default;
        }
    }
}
