using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Sim.Studies;

/// <summary>What one run of the study came to.</summary>
/// <param name="OverheadP50Ms">Median of the time from submission to result, without the job's own
/// duration.</param>
/// <param name="OverheadP95Ms">The same of the slowest twentieth.</param>
/// <param name="RttP50Ms">Median round trip to the datacenters that jobs ran in, without jitter.</param>
/// <param name="LoadVariation">Coefficient of variation of the mean utilization of the datacenters that
/// live, while jobs come.</param>
/// <param name="Failover">From a datacenter's death to the last job that was routed there; null where none
/// dies.</param>
/// <param name="MoveRate">Decisions for another datacenter than the one before them, of jobs of the same
/// class at the same gate.</param>
/// <param name="SwitchRate">Decisions that made another datacenter the incumbent; null without
/// incumbents.</param>
/// <param name="DetourRate">Decisions around an incumbent without a free core, for one job; null without
/// incumbents.</param>
/// <param name="SpillRate">Decisions that left a full datacenter for one job.</param>
/// <param name="Lost">Jobs without a result at their deadline.</param>
/// <param name="AffectedShares">Part of the jobs that were routed to the datacenter that something happens
/// to, for each third of the arrivals.</param>
public sealed record StudyMeasures(
    double OverheadP50Ms,
    double OverheadP95Ms,
    double RttP50Ms,
    double LoadVariation,
    Duration? Failover,
    double MoveRate,
    double? SwitchRate,
    double? DetourRate,
    double SpillRate,
    int Lost,
    IReadOnlyList<double> AffectedShares)
{
    /// <summary>How many switches there were for each reason.</summary>
    public IReadOnlyList<(RoutingReason Reason, int Count)> Switches { get; init; } = [];
}

/// <summary>Notes what happens in a run.</summary>
internal sealed class StudyLog(StudyModel model)
{
    private readonly List<double> _overheadsMs = [];
    private readonly List<int> _rttsMs = [];
    private readonly double[] _coreSeconds = new double[StudyModel.Places.Count];
    private readonly SortedDictionary<string, int> _last = new(StringComparer.Ordinal);
    private readonly SortedDictionary<RoutingReason, int> _switches = [];
    private readonly int[] _routedIn = new int[3];
    private readonly int[] _affectedIn = new int[3];
    private int _decisions;
    private int _moves;
    private int _detours;
    private int _spills;
    private int _lost;
    private Instant? _lastToDead;

    private bool Dies => model.Scenario == RoutingScenario.Failing;

    /// <summary>A job was routed for the first time.</summary>
    public void Routed(StudyWork work, int place, Instant now)
    {
        _decisions++;
        var jobClass = $"{work.Job.Gate} {DatacenterRouting.RequestOf(work.Spec).Class}";
        if (_last.TryGetValue(jobClass, out var last) && last != place) _moves++;
        _last[jobClass] = place;
        var third = now < model.ChangeAt ? 0 : now < model.HealAt ? 1 : 2;
        _routedIn[third]++;
        if (place != StudyModel.Affected) return;
        _affectedIn[third]++;
        if (Dies && now >= model.ChangeAt) _lastToDead = now;
    }

    /// <summary>What the gates' router decided.</summary>
    public void Decided(RoutingDecision decision)
    {
        if (decision.Spillovers.Any(spillover => spillover.ShouldSpill)) _spills++;
        if (decision.Reason == RoutingReason.FullDetour) _detours++;
        if (RoutingReasons.IsSwitch(decision.Reason))
            _switches[decision.Reason] = _switches.GetValueOrDefault(decision.Reason) + 1;
    }

    /// <summary>Cores of a datacenter were in use.</summary>
    public void Held(int place, int cores, Instant since, Instant until)
    {
        var from = Instant.Later(since, StudyModel.FirstArrival);
        var held = Instant.Sooner(until, model.LastArrival) - from;
        if (held > Duration.Zero) _coreSeconds[place] += cores * (held.Nanoseconds / 1e9);
    }

    public void Completed(StudyAttempt attempt, Instant now)
    {
        var job = attempt.Job;
        _overheadsMs.Add((now - job.At - job.Duration).Nanoseconds / 1e6);
        _rttsMs.Add(StudyModel.RttMs(job.Gate, attempt.Place));
    }

    public void Lost() => _lost++;

    public StudyMeasures Measures(RoutingPolicy policy)
    {
        _overheadsMs.Sort();
        _rttsMs.Sort();
        return new StudyMeasures(
            Quantile(_overheadsMs, 50),
            Quantile(_overheadsMs, 95),
            Quantile(_rttsMs, 50),
            LoadVariation(),
            Dies ? (_lastToDead ?? model.ChangeAt) - model.ChangeAt : null,
            Part(_moves, _decisions),
            policy == RoutingPolicy.Ours ? Part(_switches.Values.Sum(), _decisions) : null,
            policy == RoutingPolicy.Ours ? Part(_detours, _decisions) : null,
            Part(_spills, _decisions),
            _lost,
            [.. _affectedIn.Select((count, third) => Part(count, _routedIn[third]))])
        {
            Switches = [.. _switches.Select(entry => (entry.Key, entry.Value))],
        };
    }

    private double LoadVariation()
    {
        var span = (model.LastArrival - StudyModel.FirstArrival).Nanoseconds / 1e9;
        var loads = StudyModel.Places
            .Select((_, i) => (Load: _coreSeconds[i] / (model.CoresOf(i) * span), i))
            .Where(load => !Dies || load.i != StudyModel.Affected)
            .Select(load => load.Load)
            .ToList();
        var mean = loads.Average();
        return Math.Sqrt(loads.Average(load => (load - mean) * (load - mean))) / mean;
    }

    private static double Part(int count, int of) => of == 0 ? 0 : (double)count / of;

    private static T Quantile<T>(List<T> sorted, int percent) =>
        sorted[Math.Max(0, ((sorted.Count * percent) + 99) / 100 - 1)];
}
