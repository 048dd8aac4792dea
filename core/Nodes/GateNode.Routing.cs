using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

/// <content>Where jobs go (AD-36, AD-43, AD-45): a job is routed once, by the gate that takes it, and a slot
/// that its datacenter did not take goes down the ranking of that moment.</content>
public sealed partial class GateNode
{
    /// <summary>What this life of the gate decided about a job, for whoever looks from outside; null when it
    /// did not, or long ago.</summary>
    public RoutingDecision? RoutingOf(JobId job) => _routing.DecisionOf(job);

    /// <summary>What this gate routes by of a datacenter's latencies, for whoever looks from outside; null
    /// where nothing is known of them.</summary>
    public SloView? SloOf(string datacenter, Instant now) => _routing.SloOf(datacenter, now);

    /// <summary>Routes a new job; null, with the reasons, when no datacenter can take it.</summary>
    private RoutedJob? Route(
        JobSpec spec, IReadOnlyList<DatacenterView> views, Turn turn, out string reason)
    {
        var decision = _routing.Route(spec, turn.Now, out var decayed);
        foreach (var datacenter in decayed) turn.Tell(new TelemetryEvent.ObservationsDecayed(datacenter));
        if (decision.Outcome == RoutingOutcome.Failed)
        {
            TellRouted(spec, decision, turn);
            reason = JobLimits.Clip(
                $"no datacenter can take the job: {RoutingExplanation.Failure(decision)}");
            return null;
        }

        reason = "";
        return new RoutedJob(SlotPlacement.ChooseFirst(spec, views, NamesOf(decision)), decision);
    }

    private static void TellRouted(JobSpec spec, RoutingDecision decision, Turn turn) =>
        turn.Tell(new TelemetryEvent.JobRouted(
            spec.Name, decision.Outcome, decision.Reason, [.. decision.Primaries],
            [.. decision.Spillovers.Where(spill => spill.ShouldSpill).Select(s => s.PrimaryDatacenter)]));

    private IReadOnlyList<string> RankingFor(LedgerJob job, Instant now)
    {
        var cores = WorkOf(job).ShapeOf(job.Spec).CoresAtOnce;
        return NamesOf(_routing.Preview(DatacenterRouting.RequestOf(job.Spec.Datacenters, cores), now));
    }

    private NodeVerdict OnPreviewRoute(Caller caller, ClientRequest.PreviewRoute preview, Turn turn)
    {
        var request = DatacenterRouting.RequestOf(preview.Datacenters, preview.CoresRequired);
        turn.Answer(
            caller, new ClientResponse.Routed(RoutingReport.Of(_routing.Preview(request, turn.Now))));
        return NodeVerdict.Accepted;
    }

    private static IReadOnlyList<string> NamesOf(RoutingDecision decision) =>
        [.. decision.Ranking.Select(score => score.Datacenter)];

    private void NoteSending(
        LedgerJob job, LedgerSlot slot, SlotCommand command, int sent, DatacenterTopology datacenter,
        Instant now)
    {
        var work = WorkOf(job);
        var dispatch = new SlotDispatch(
            job.Id, slot.Slot, work.ShapeOf(job.Spec), work.Deadline ?? now);
        _routing.OnSending(dispatch, datacenter, command == SlotCommand.Reserve, sent, now);
    }

    private NodeVerdict OnDebitsTold(NodeId from, Message.DebitsTold told, Turn turn)
    {
        if (from != told.Debits.Gate || !_topology.Gates.Contains(from))
            return turn.Ignore(from, told, NodeVerdict.Unknown);
        return _routing.Merge(told.Debits, turn.Now) ? NodeVerdict.Accepted : NodeVerdict.Stale;
    }

    private void TellDebits(Turn turn)
    {
        if (_routing.TakeDebits(turn.Now) is not { } told) return;
        foreach (var gate in _topology.Gates)
            if (gate != Id) turn.Send(gate, told);
    }

    private NodeVerdict OnSloTold(NodeId from, Message.SloTold told, Turn turn)
    {
        if (!_topology.Gates.Contains(from)) return turn.Ignore(from, told, NodeVerdict.Unknown);
        return _routing.Merge(told, turn.Now) ? NodeVerdict.Accepted : NodeVerdict.Stale;
    }

    private void TellSlo(Turn turn)
    {
        if (_routing.TakeSlo(turn.Now) is not { } told) return;
        foreach (var gate in _topology.Gates)
            if (gate != Id) turn.Send(gate, told);
    }

    /// <summary>What is learned from the entry that ends a job, of slots that did not report.</summary>
    private void LearnFromEnd(LedgerJob ended, bool isTimeout, Instant now)
    {
        foreach (var slot in ended.Slots)
            if (slot.Outcome is null)
                _routing.OnEndedWithout(ended.Id, slot.Slot, slot.Datacenter, isTimeout, now);
    }

    /// <summary>Where a new job goes.</summary>
    /// <param name="Places">What its first slots are meant for: part of its first entry, so that the
    /// datacenters are asked as soon as that is committed.</param>
    private sealed record RoutedJob(IReadOnlyList<string> Places, RoutingDecision Decision);
}
