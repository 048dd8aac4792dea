using System.Globalization;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

/// <content>What is known of the latencies of jobs (AD-42).</content>
public sealed partial class DatacenterRouting
{
    /// <summary>What another gate heard; false when none of it was news.</summary>
    public bool Merge(Message.SloTold told, Instant now)
    {
        var isNews = false;
        foreach (var datacenter in told.Datacenters)
            if (_names.ContainsKey(datacenter.Datacenter)) isNews |= _slo.OnGossip(datacenter, now);
        return isNews;
    }

    /// <summary>What the other gates are to be told now; null when there is nothing new.</summary>
    public Message.SloTold? TakeSlo(Instant now)
    {
        if (_tellSloAt > now) return null;
        _tellSloAt = Instant.Never;
        var told = _slo.TakeGossip(now);
        return told.Count == 0 ? null : new Message.SloTold(told);
    }

    /// <summary>What jobs are routed by of a datacenter's latencies; null where nothing is known of them, or
    /// what is known is too old.</summary>
    public SloView? SloOf(string datacenter, Instant now) =>
        _slo.ViewOf(datacenter, now) is { } known
            ? new SloView(
                known.Health,
                known.Summary,
                _slo.LevelOf(datacenter, now),
                SloFactorOf(datacenter, ResourcesOf(datacenter, now), now))
            {
                Mark = known.Mark,
                Left = _config.Slo.SummaryTtl - known.Summary.Age,
            }
            : null;

    /// <summary>What is known of a job's latencies in its datacenters, in lines for people.</summary>
    public IReadOnlyList<string> SloLines(JobId job, IEnumerable<string> datacenters, Instant now)
    {
        var lines = new List<string>();
        foreach (var datacenter in datacenters)
        {
            if (_slo.JobOf(datacenter, job, now) is { } own)
                lines.Add($"{datacenter}: {Describe(own)}");
            // What was found stands while no latencies come.
            if (_slo.ViewOf(datacenter, now) is not { } all) continue;
            if (all.Summary.Samples > 0 || all.Health != SloHealth.Healthy)
                lines.Add($"{datacenter}, all jobs: {Describe(all.Summary)}, {Describe(all.Health)}");
        }

        return lines;
    }

    private string Describe(SloSummary summary)
    {
        if (summary.Samples == 0)
            return "no latencies lately";
        var level = SloComplianceScore.LevelOf(summary.Score, _config.Slo.Levels);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"p50 {summary.P50Ms:F1} ms, p95 {summary.P95Ms:F1} ms, p99 {summary.P99Ms:F1} ms of "
            + $"{summary.Samples}, score {summary.Score:F2} ({SloComplianceScore.NameOf(level)}), "
            + $"{summary.Age.Milliseconds / 1000} s ago");
    }

    private static string Describe(SloHealth health) => health.Rule == SloRuleKind.None
        ? $"{health.Health}"
        : $"{health.Health} by {SloHealth.NameOf(health.Rule)}";

    private static SloMark MarkOf(Message.ManagerHeartbeat heartbeat) =>
        new(heartbeat.View, heartbeat.Boot.Starts, heartbeat.Version);

    private void NoteSlo(Message.ManagerHeartbeat heartbeat, Instant now)
    {
        if (heartbeat.Slo is not { } slo) return;
        _slo.OnHeartbeat(heartbeat.Datacenter, MarkOf(heartbeat), slo, now);
        if (_topology.Gates.Count > 1 && _tellSloAt == Instant.Never)
            _tellSloAt = now + _config.Capacity.HeartbeatInterval;
    }

    /// <summary>The worse of what the managers tell and of what the jobs' latencies make of it.</summary>
    private HealthVerdict WithSlo(string datacenter, HealthVerdict verdict, Instant now) =>
        HealthVerdict.Worse(
            verdict, new HealthVerdict(_slo.HealthOf(datacenter, now).Health, HealthReason.Slo));

    /// <summary>The factor of a datacenter's routing score, by this gate's settings: of the score that it
    /// tells and, where its resources are known, of what their pressure lets expect.</summary>
    private double SloFactorOf(string datacenter, ClusterResources? resources, Instant now)
    {
        double score = _slo.ViewOf(datacenter, now)?.Summary.Score ?? 1;
        if (resources is not null)
        {
            score = _predictor.Predict(
                score,
                ResourcePressure.Of(resources.CpuPressure, resources.CpuUncertainty),
                ResourcePressure.Of(resources.MemoryPressure, resources.MemoryUncertainty));
        }

        return SloComplianceScore.FactorOf(score, _config.Slo);
    }
}
