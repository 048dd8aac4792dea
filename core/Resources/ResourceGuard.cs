using System.Diagnostics;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>Holds one workload to its budget: warns, throttles, then kills (AD-41).</summary>
/// <remarks>CPU, memory and descriptors are judged each by itself, and the worst decides. Levels move one at
/// a time, up once a violation lasted the grace and down once the filtered value has been below for as long;
/// killing is for good. CPU is killed for only where a throttle of one grace did not help, as a throttle is
/// the cure for it; memory and descriptors that are held do not shrink by it, so it is only a brake for them.
/// What generates load itself is not braked for those, as its pauses would be measured as the target's: it
/// starts no further users.
/// A kill is SIGTERM, SIGKILL after 5 s, and again until nothing of the tree is left.</remarks>
public sealed class ResourceGuard : IMachine<GuardInput, GuardEffect, GuardVerdict>
{
    /// <summary>Where a throttled tree is to be held, from the throttle's threshold to the kill's: under the
    /// kill, above the throttle, so that it stays throttled as long as it wants more.</summary>
    private const double HoldAt = 2.0 / 3;

    // Down at once, as a kill comes next; up with care.
    private const double AdjustMin = 0.7;
    private const double AdjustMax = 1.1;
    private const int RunPermilleMin = 20;
    private const int BrakePermille = 500;

    /// <summary>A brake leaves this much of a core, or the budget where that is less: 20 ms of each tenth of
    /// a second, for a workload that hardly uses the processor to answer, to free memory and to close what it
    /// has open.</summary>
    private const double BrakeCpuPercentMin = 20;

    private readonly ProcessResourceMonitor _monitor;
    private readonly DimensionGuard[] _dimensions;
    private readonly bool _generatesLoad;
    private readonly GuardRecord _record = new();

    // What the order at hand is, before it is rounded; the order that was last given.
    private double _quota;
    private double _share;
    private ThrottleOrder? _given;
    private Instant _throttledAt = Instant.Zero;
    private bool _isRampHeld;
    private GuardDimension _cause;
    private Instant? _killedAt;
    private Instant _signalAt = Instant.Never;
    private bool _isGone;
    private bool _wasForced;
    private int _processesSeen;

    /// <param name="generatesLoad">The tree is a load generator of ours, whose users can be held.</param>
    public ResourceGuard(
        ResourceLimits limits, ResourceConfig config, Instant startedAt, bool generatesLoad = false)
    {
        _generatesLoad = generatesLoad;
        _monitor = new ProcessResourceMonitor(config, startedAt);
        _dimensions =
        [
            .. Dimensions.Select(dimension => new DimensionGuard(
                limits.Of(dimension), isCurable: dimension == GuardDimension.Cpu, config)),
        ];
    }

    /// <summary>The worst of all dimensions.</summary>
    public GuardLevel Level => _dimensions.Max(dimension => dimension.Level);

    public ResourceMetrics Metrics => _monitor.Metrics;

    /// <summary>What the tree is held back by; null while it runs freely.</summary>
    public ThrottleOrder? Throttled => _given;

    /// <summary>Whether no further virtual user is to start.</summary>
    public bool IsRampHeld => _isRampHeld;

    /// <summary>Why the tree was killed; null while it was not.</summary>
    public ResourceKill? Evidence => _killedAt is { } at
        ? _record.Evidence(_cause, _dimensions[(int)_cause], at, _processesSeen, _wasForced)
        : null;

    /// <inheritdoc/>
    public Instant NextDeadline => _signalAt;

    private static IEnumerable<GuardDimension> Dimensions =>
        [GuardDimension.Cpu, GuardDimension.Memory, GuardDimension.FileDescriptors];

    public GuardLevel LevelOf(GuardDimension dimension) => _dimensions[(int)dimension].Level;

    /// <inheritdoc/>
    public GuardVerdict Step(GuardInput input, Instant now, Outbox<GuardEffect> outbox) => input switch
    {
        GuardInput.Sampled sampled => OnSampled(sampled, now, outbox),
        GuardInput.Tick => OnTick(now, outbox),
        GuardInput.Hasten hasten => OnHasten(hasten),
        GuardInput.Exited => OnExited(),
        _ => throw new UnreachableException($"unhandled {input}"),
    };

    /// <inheritdoc/>
    public void CheckInvariants()
    {
        _monitor.CheckInvariants();
        foreach (var dimension in _dimensions) dimension.CheckInvariants();
        Invariant.Holds((Level == GuardLevel.Kill) == _killedAt is not null);
        Invariant.Holds((_given is not null) == (Level == GuardLevel.Throttle && IsSlowedDown));
        Invariant.Holds(_isRampHeld == (_generatesLoad && Level == GuardLevel.Throttle && IsFull));
        // A kill goes on until the tree is known to be gone.
        Invariant.Holds((_signalAt != Instant.Never) == (_killedAt is not null && !_isGone));
        _record.CheckInvariants();
    }

    /// <inheritdoc/>
    public void AddTo(ref Fingerprint fingerprint)
    {
        _monitor.AddTo(ref fingerprint);
        foreach (var dimension in _dimensions) dimension.AddTo(ref fingerprint);
        _record.AddTo(ref fingerprint);
        fingerprint.Add(_quota);
        fingerprint.Add(_share);
        fingerprint.Add((long?)_given?.CpuPercent ?? -1);
        fingerprint.Add((long?)_given?.RunPermille ?? -1);
        fingerprint.Add(_throttledAt);
        fingerprint.Add(_isRampHeld);
        fingerprint.Add((ulong)_cause);
        fingerprint.Add(_killedAt ?? Instant.Never);
        fingerprint.Add(_signalAt);
        fingerprint.Add(_isGone);
        fingerprint.Add(_wasForced);
        fingerprint.Add((long)_processesSeen);
    }

    private GuardVerdict OnSampled(GuardInput.Sampled sampled, Instant now, Outbox<GuardEffect> outbox)
    {
        var before = _monitor.Sample.At;
        var isFirst = _monitor.Metrics.SampleCount == 0;
        if (sampled.Reading.At > now) return GuardVerdict.Stale;
        if (!_monitor.Observe(sampled.Reading, sampled.MemoryTotalBytes)) return GuardVerdict.Stale;
        var sample = _monitor.Sample;
        if (_killedAt is not null)
        {
            // What comes after a kill is no reason for it, and would crowd out what is.
            _processesSeen = Math.Max(_processesSeen, sample.Processes);
            return GuardVerdict.Ending;
        }

        _record.Note(sample, Metrics);

        var passed = isFirst ? Duration.Zero : sample.At - before;
        Judge(GuardDimension.Cpu, sample.CpuPercent, Metrics.CpuPercent, Metrics.CpuUncertainty);
        Judge(GuardDimension.Memory, sample.MemoryBytes, Metrics.MemoryBytes, Metrics.MemoryUncertainty);
        Judge(GuardDimension.FileDescriptors, sample.FileDescriptors, Metrics.FileDescriptorCount, 0);
        Act(now, outbox);
        return GuardVerdict.Accepted;

        void Judge(GuardDimension at, double raw, double estimate, double uncertainty)
        {
            var dimension = _dimensions[(int)at];
            dimension.Observe(raw, estimate, passed);
            // It was used before there was an order, and was looked at, or came, only later.
            if (at == GuardDimension.Cpu && before < _throttledAt) dimension.Forgive();
            for (var from = dimension.Level; dimension.Move(estimate, uncertainty); from = dimension.Level)
            {
                if (at == GuardDimension.Cpu && dimension.Level == GuardLevel.Throttle) _throttledAt = now;
                _record.Note(at, from, dimension.Level, now);
                outbox.Emit(new GuardEffect.ChangeLevel(at, from, dimension.Level));
            }
        }
    }

    /// <summary>A throttle slows the tree down, for its processor or as a brake.</summary>
    private bool IsSlowedDown => !_generatesLoad || LevelOf(GuardDimension.Cpu) == GuardLevel.Throttle;

    /// <summary>It has too much of what a pause does not give back.</summary>
    private bool IsFull => LevelOf(GuardDimension.Memory) == GuardLevel.Throttle
        || LevelOf(GuardDimension.FileDescriptors) == GuardLevel.Throttle;

    private void Act(Instant now, Outbox<GuardEffect> outbox)
    {
        HoldRamp(_generatesLoad && Level == GuardLevel.Throttle && IsFull, outbox);
        switch (Level)
        {
            case GuardLevel.Throttle when IsSlowedDown:
                Throttle(outbox);
                break;
            case GuardLevel.None or GuardLevel.Warn or GuardLevel.Throttle:
                Release(outbox);
                break;
            case GuardLevel.Kill:
                // A tree that is held back could not even take its leave.
                Release(outbox);
                _cause = Dimensions.First(d => LevelOf(d) == GuardLevel.Kill);
                _killedAt = now;
                _processesSeen = _monitor.Sample.Processes;
                _signalAt = now + ResourceConfig.TerminateGrace;
                outbox.Emit(new GuardEffect.Terminate());
                break;
            default:
                throw new UnreachableException($"unhandled {Level}");
        }
    }

    private void HoldRamp(bool isHeld, Outbox<GuardEffect> outbox)
    {
        if (_isRampHeld == isHeld) return;
        _isRampHeld = isHeld;
        outbox.Emit(new GuardEffect.HoldRamp(isHeld));
    }

    private void Release(Outbox<GuardEffect> outbox)
    {
        if (_given is null) return;
        _given = null;
        outbox.Emit(new GuardEffect.Resume());
    }

    /// <summary>Holds the tree at its budget, or to half of what it used where the processor is not what it
    /// uses too much of. The order follows what it achieves: quotas and pauses are met by no host
    /// exactly.</summary>
    private void Throttle(Outbox<GuardEffect> outbox)
    {
        var used = Math.Max(1, _monitor.Sample.CpuPercent);
        var (low, high) = (ThresholdOf(GuardLevel.Throttle), ThresholdOf(GuardLevel.Kill));
        var target = low + (HoldAt * (high - low));
        if (_given is null)
        {
            _quota = Math.Min(target, Math.Max(BrakeCpuPercentMin, Metrics.CpuPercent / 2));
            _share = 0.5;
            if (LevelOf(GuardDimension.Cpu) == GuardLevel.Throttle)
                (_quota, _share) = (target, Math.Min(1, target / used));
        }
        else if (LevelOf(GuardDimension.Cpu) == GuardLevel.Throttle)
        {
            var factor = Math.Clamp(target / used, AdjustMin, AdjustMax);
            _quota = Math.Clamp(_quota * factor, target / 2, Math.Max(target, high));
            _share *= factor;
        }

        var isBraked = LevelOf(GuardDimension.Cpu) < GuardLevel.Throttle;
        _share = Math.Clamp(_share, RunPermilleMin / 1000.0, isBraked ? BrakePermille / 1000.0 : 1);
        var order = new ThrottleOrder(Math.Max(1, (int)_quota), (int)(_share * 1000));
        if (_given is { } given && IsAlike(given, order)) return;
        _given = order;
        outbox.Emit(new GuardEffect.Throttle(order));
    }

    private double ThresholdOf(GuardLevel level) => _dimensions[(int)GuardDimension.Cpu].ThresholdOf(level);

    private static bool IsAlike(ThrottleOrder a, ThrottleOrder b) =>
        Math.Abs(a.CpuPercent - b.CpuPercent) * 50 <= a.CpuPercent
        && Math.Abs(a.RunPermille - b.RunPermille) * 50 <= a.RunPermille;

    private GuardVerdict OnTick(Instant now, Outbox<GuardEffect> outbox)
    {
        if (_signalAt > now) return GuardVerdict.Accepted;
        _signalAt = now + ResourceConfig.VerifyInterval;
        _wasForced = true;
        outbox.Emit(new GuardEffect.Kill());
        return GuardVerdict.Ending;
    }

    private GuardVerdict OnHasten(GuardInput.Hasten hasten)
    {
        if (_signalAt == Instant.Never) return GuardVerdict.Accepted;
        _signalAt = Instant.Sooner(_signalAt, hasten.Until);
        return GuardVerdict.Ending;
    }

    private GuardVerdict OnExited()
    {
        _isGone = true;
        _signalAt = Instant.Never;
        return _killedAt is null ? GuardVerdict.Accepted : GuardVerdict.Ending;
    }
}
