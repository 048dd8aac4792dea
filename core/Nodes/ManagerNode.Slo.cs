using Hyperscale.Det.Jobs;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

// How the latencies of the datacenter's jobs keep to their targets (AD-42).
public sealed partial class ManagerNode
{
    private JobLatencies _latencies;

    /// <summary>What latencies make of the datacenter, as far as this manager leads and knows.</summary>
    public SloHealth SloHealth => _latencies.Health;

    /// <summary>Takes what a live attempt tells of its latencies.</summary>
    /// <param name="stats">What the attempt has done so far.</param>
    private void NoteLatencies(AttemptKey key, long revision, LatencyBucket bucket, RunStats stats)
    {
        if (bucket.Latency.Count == 0) return;
        var (slot, workflow, attempt) = key;
        var verdict = _latencies.Put(
            slot.Job,
            TargetOf(Ledger.Find(slot)!.Spec),
            new LatencyOwner(slot.Slot, slot.Epoch, workflow),
            attempt,
            revision,
            bucket,
            stats.Latency.Count,
            _now);
        if (verdict is BucketVerdict.Full or BucketVerdict.Excessive)
            Emit(new TelemetryEvent.LatenciesDropped(key));
        if (_latencies.Evicted is { } evicted) Emit(new TelemetryEvent.JobLatenciesDropped(evicted));
    }

    /// <summary>Who begins to lead has heard no latencies: what the last primary found stands until they are
    /// well for as long as it takes.</summary>
    private void InheritSlo(SloStanding standing)
    {
        if (_ledView is not { } view) return;
        if (!new SloMark(view, _boot.Starts, 0).IsOfLaterLeadThan(standing.Mark)) return;
        var before = _latencies.Health;
        if (!_latencies.Inherit(standing) || _latencies.Health == before) return;
        Emit(new TelemetryEvent.SloHealthTakenOver(
            _datacenter, standing.Health.Health, standing.Health.Rule, standing.Age));
    }

    /// <summary>What the gates are to hear, and the operators where the health is another one.</summary>
    private DatacenterSlo ReportSlo()
    {
        var before = _latencies.Health;
        var report = _latencies.Report(_now);
        if (report.Health != before)
        {
            Emit(new TelemetryEvent.SloHealthChanged(
                _datacenter, report.Health.Health, report.Health.Rule, report.Summary));
        }

        return report;
    }

    private LatencySlo TargetOf(JobSpec spec) =>
        spec.Slo is { } slo ? _config.Slo.Target.With(slo.P50Ms, slo.P95Ms, slo.P99Ms) : _config.Slo.Target;
}
