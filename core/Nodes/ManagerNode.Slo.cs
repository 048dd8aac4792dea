using Hyperscale.Det.Jobs;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

// How the latencies of the datacenter's jobs keep to their targets (AD-42).
public sealed partial class ManagerNode
{
    private JobLatencies _latencies;

    /// <summary>What latencies make of the datacenter, as far as this manager leads and knows.</summary>
    public SloHealth SloHealth => _latencies.Health;

    private void NoteLatencies(Message.AttemptProgressed progressed)
    {
        if (progressed.Bucket.Latency.Count == 0) return;
        var (slot, workflow, attempt) = progressed.Attempt;
        var verdict = _latencies.Put(
            slot.Job,
            TargetOf(Ledger.Find(slot)!.Spec),
            new LatencyOwner(slot.Slot, slot.Epoch, workflow),
            attempt,
            progressed.Revision,
            progressed.Bucket,
            _now);
        if (verdict == BucketVerdict.Full)
            Emit(new TelemetryEvent.LatenciesDropped(progressed.Attempt));
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
