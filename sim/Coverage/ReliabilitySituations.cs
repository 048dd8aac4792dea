using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Coverage;

/// <summary>Marks the situations of retry budgets and best effort (AD-44); breaks no rule.</summary>
public sealed class ReliabilitySituations() : Checker(
    "reliability-situations", CheckerViews.Steps | CheckerViews.Effects | CheckerViews.Samples)
{
    // What happens within this time of an end might as well have come before it.
    private static readonly Duration Close = Duration.FromMilliseconds(250);

    // Grants by attempt, and last results by job, with the process that made or proposed them.
    private readonly SortedDictionary<AttemptKey, (NodeId Node, int Life)> _granted = [];
    private readonly SortedDictionary<JobId, (NodeId Node, int Life)> _lastResults = [];
    private readonly SortedDictionary<JobId, Instant> _cancelled = [];
    private readonly SortedDictionary<JobId, (Instant At, bool IsByDeadline)> _ended = [];
    private readonly SortedSet<string> _cutOff = [];

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Node is null) return;
        if (Decision.LastResultIn(host.Node, input, verdict) is { } job)
            _lastResults.TryAdd(job, (host.Id, host.Life));
        if (input is NodeInput.Received { Message: Message.BudgetShared { IsFinal: false } }
            && verdict == NodeVerdict.Accepted)
            Met(Probe.ShareRaised);
        foreach (var effect in effects.Effects)
            if (effect is NodeEffect.Send { Message: var message }) OnSending(input, message);
    }

    private void OnSending(NodeInput input, Message message)
    {
        if (message is Message.SlotProgressed progressed
            && progressed.Workflows.Any(workflow => workflow.Wait?.For == WaitReason.Contact))
            Met(Probe.StartHeldBackWithoutContact);
        if (message is Message.CancelSlot && input is NodeInput.Received { Message: Message.SlotHeld })
            Met(Probe.SlotWithdrawnOnContact);
    }

    public override void OnAsked(SimHost host, long requestId, ClientRequest request)
    {
        if (request is not ClientRequest.CancelJob cancel) return;
        _cancelled[cancel.Job] = World.Now;
        if (_ended.TryGetValue(cancel.Job, out var end) && World.Now <= end.At + Close)
            Met(Probe.CancelRacedTheEnd);
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (effect is not NodeEffect.Emit { Event: var told }) return;
        switch (told)
        {
            case TelemetryEvent.RetryGranted granted:
                OnGranted(host, granted);
                break;
            case TelemetryEvent.AttemptStarted started when host.Node is ManagerNode:
                if (_granted.Remove(started.Attempt, out var by) && by != (host.Id, host.Life))
                    Met(Probe.ManagerChangedBetweenGrantAndStart);
                break;
            case TelemetryEvent.RetryBudgetExhausted { Reason: "job_budget_exhausted" }:
                Met(Probe.JobBudgetExhausted);
                break;
            case TelemetryEvent.RetryBudgetExhausted { Reason: "budget_share_exhausted" }:
                Met(Probe.BudgetShareExhausted);
                break;
            case TelemetryEvent.RetryBudgetExhausted:
                Met(Probe.WorkflowBudgetExhausted);
                break;
            case TelemetryEvent.JobEnded ended:
                OnEnded(host, ended.Job);
                break;
            case TelemetryEvent.LateResult late:
                OnLate(late);
                break;
            default:
                break;
        }
    }

    public override void OnSample()
    {
        foreach (var datacenter in World.Plan.Topology.Datacenters)
        {
            if (!IsCutOff(datacenter.Name)) _cutOff.Remove(datacenter.Name);
            else if (HasShares(datacenter.Name) && _cutOff.Add(datacenter.Name))
                Met(Probe.DatacenterCutOffWithSharesOut);
        }
    }

    private void OnGranted(SimHost host, TelemetryEvent.RetryGranted granted)
    {
        _granted.TryAdd(granted.Attempt, (host.Id, host.Life));
        var last = granted.Attempt with { Attempt = granted.Attempt.Attempt - 1 };
        if (World.Processes.Of(last) is [{ Fault: "the worker died" }, ..]) Met(Probe.RetryAfterLostWorker);
        if (IsCutOff(host.Place.Datacenter)) Met(Probe.GrantInCutOffDatacenter);
    }

    private void OnEnded(SimHost host, JobId id)
    {
        if (_lastResults.TryGetValue(id, out var by) && by != (host.Id, host.Life))
            Met(Probe.GateChangedBetweenLastResultAndEnd);
        if (_cancelled.TryGetValue(id, out var cancelled) && World.Now <= cancelled + Close)
            Met(Probe.CancelRacedTheEnd);
        if (host.Node is not GateNode gate || !gate.Ledger.TryGet(id, out var job)) return;
        if (job.Spec.BestEffort is not { Enabled: true }) return;
        if (job.Completion == CompletionReason.Waiting) return;
        var isByDeadline = job.Terms.Deadline is { } deadline && job.Ended >= job.Submitted + deadline;
        _ended.TryAdd(id, (World.Now, isByDeadline));
        if (isByDeadline) Met(Probe.DeadlineReached);
        Met(job.Completion switch
        {
            CompletionReason.AllDcsReported => Probe.AllDatacentersReported,
            CompletionReason.MinDcsReached => Probe.EnoughDatacentersReported,
            CompletionReason.MinDcsUnreachable => Probe.TooFewDatacentersLeft,
            CompletionReason.DeadlineExpired => Probe.DeadlineReached,
            _ => throw new UnreachableException($"unhandled {job.Completion}"),
        });
        var due = job.Submitted + (job.Terms.Deadline ?? Duration.Zero);
        if (!isByDeadline && job.Ended!.Value + Close >= due) Met(Probe.ResultRacedTheDeadline);
    }

    private void OnLate(TelemetryEvent.LateResult late)
    {
        Met(late.IsMerged ? Probe.LateResultMerged : Probe.LateResultDropped);
        if (_ended.TryGetValue(late.Slot.Job, out var end) && end.IsByDeadline && World.Now <= end.At + Close)
            Met(Probe.ResultRacedTheDeadline);
    }

    /// <summary>Whether no manager of the datacenter reaches any gate, or is reached by any.</summary>
    private bool IsCutOff(string datacenter) => World.Hosts
        .Where(host => host.Place.Role == NodeRole.Manager && host.Place.Datacenter == datacenter)
        .All(manager => World.Hosts
            .Where(host => host.Place.Role == NodeRole.Gate)
            .All(gate => World.Network.IsBlocked(manager.Place.Index, gate.Place.Index)
                || World.Network.IsBlocked(gate.Place.Index, manager.Place.Index)));

    private bool HasShares(string datacenter) => World.Hosts.Any(host =>
        host.Place.Datacenter == datacenter && host.Node is ManagerNode { Leads: true } manager
        && manager.Ledger.Slots.Any(slot => slot.Outcome is null && slot.Budget.Left > 0));

    private void Met(Probe probe) => World.Coverage.Sometimes(probe);
}
