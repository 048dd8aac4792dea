using System.Diagnostics;
using System.Diagnostics.Metrics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Hosting;

namespace Hyperscale.Det.Shell.Telemetry;

/// <summary>Turns telemetry events into log lines and counts.</summary>
public sealed class NodeTelemetry : ITelemetrySink
{
    private readonly ILogger _logger;
    private readonly Counter<long> _jobsAccepted;
    private readonly Counter<long> _jobsRefused;
    private readonly Counter<long> _jobsEnded;
    private readonly Counter<long> _slotsAssigned;
    private readonly Counter<long> _slotsRefused;
    private readonly Counter<long> _slotsEnded;
    private readonly Counter<long> _attemptsStarted;
    private readonly Counter<long> _attemptsEnded;
    private readonly Counter<long> _workersJoined;
    private readonly Counter<long> _workersLost;
    private readonly Counter<long> _leasesExpired;
    private readonly MemberTelemetry _members;
    private readonly ReliabilityTelemetry _reliability;
    private readonly RoutingTelemetry _routing;
    private readonly ResourceTelemetry _resources;
    private readonly Counter<long> _ignored;
    private readonly UpDownCounter<long> _groupsLed;
    private readonly Counter<long> _submissionsRepeated;
    private readonly Counter<long> _snapshotsTooLarge;
    private readonly Counter<long> _keysEvicted;
    private readonly Counter<long> _keysForgotten;

    public NodeTelemetry(Meter meter, ILogger logger)
    {
        _logger = logger;
        _jobsAccepted = meter.CreateCounter<long>("hyperscale.jobs.accepted", null, "Jobs made durable");
        _jobsRefused = meter.CreateCounter<long>("hyperscale.jobs.refused", null, "Jobs not taken");
        _jobsEnded = meter.CreateCounter<long>("hyperscale.jobs.ended", null, "Jobs ended, by final state");
        _slotsAssigned = meter.CreateCounter<long>(
            "hyperscale.slots.assigned", null, "Slots given to a datacenter");
        _slotsRefused = meter.CreateCounter<long>(
            "hyperscale.slots.refused", null, "Slots that a datacenter did not take");
        _slotsEnded = meter.CreateCounter<long>("hyperscale.slots.ended", null, "Slots ended, by state");
        _attemptsStarted = meter.CreateCounter<long>(
            "hyperscale.attempts.started", null, "Attempts given to a worker");
        _attemptsEnded = meter.CreateCounter<long>(
            "hyperscale.attempts.ended", null, "Attempts ended, by state");
        _workersJoined = meter.CreateCounter<long>("hyperscale.workers.joined", null, "Workers registered");
        _workersLost = meter.CreateCounter<long>("hyperscale.workers.lost", null, "Workers given up");
        _leasesExpired = meter.CreateCounter<long>(
            "hyperscale.leases.expired", null, "Leases that ran out on their worker");
        _members = new MemberTelemetry(meter, logger);
        _reliability = new ReliabilityTelemetry(meter, logger);
        _routing = new RoutingTelemetry(meter, logger);
        _resources = new ResourceTelemetry(meter, logger);
        _ignored = meter.CreateCounter<long>(
            "hyperscale.inputs.ignored", null, "Messages and requests not followed, by verdict");
        _groupsLed = meter.CreateUpDownCounter<long>(
            "hyperscale.groups.led", null, "Ledger groups that the node leads");
        _submissionsRepeated = meter.CreateCounter<long>(
            "hyperscale.submissions.repeated", null, "Submissions whose key was known, by answer");
        _snapshotsTooLarge = meter.CreateCounter<long>(
            "hyperscale.snapshots.too_large", null, "Snapshots not taken: the ledgers were too large");
        _keysEvicted = meter.CreateCounter<long>(
            "hyperscale.keys.evicted", null, "Answers given up before their time: there were too many");
        _keysForgotten = meter.CreateCounter<long>(
            "hyperscale.keys.forgotten", null, "Expired keys forgotten before their time");
    }

    /// <inheritdoc/>
    public void On(NodeId node, TelemetryEvent telemetry)
    {
        switch (telemetry)
        {
            case TelemetryEvent.JobAccepted or TelemetryEvent.JobRefused or TelemetryEvent.JobEnded:
                OnJob(node, telemetry);
                break;
            case TelemetryEvent.SlotAssigned or TelemetryEvent.SlotRefused or TelemetryEvent.SlotEnded:
                OnSlot(node, telemetry);
                break;
            case TelemetryEvent.AttemptStarted started:
                OnAttemptStarted(node, started);
                break;
            case TelemetryEvent.AttemptEnded ended:
                OnAttemptEnded(node, ended);
                break;
            case TelemetryEvent.WorkerJoined or TelemetryEvent.WorkerLost or TelemetryEvent.LeaseExpired:
                OnWorker(node, telemetry);
                break;
            case TelemetryEvent.MemberJoined or TelemetryEvent.MemberSuspected or TelemetryEvent.MemberDied
                or TelemetryEvent.MemberReturned or TelemetryEvent.MemberAnswered:
                _members.On(node, telemetry);
                break;
            case TelemetryEvent.RetryGranted or TelemetryEvent.RetryBudgetExhausted
                or TelemetryEvent.BestEffortCompleted or TelemetryEvent.LateResult:
                _reliability.On(node, telemetry);
                break;
            case TelemetryEvent.JobRouted or TelemetryEvent.LatencyObserved
                or TelemetryEvent.ObservationsDecayed or TelemetryEvent.SloHealthChanged
                or TelemetryEvent.SloHealthTakenOver or TelemetryEvent.LatenciesDropped
                or TelemetryEvent.JobLatenciesDropped:
                _routing.On(node, telemetry);
                break;
            case TelemetryEvent.GuardLevelChanged or TelemetryEvent.WorkloadThrottled
                or TelemetryEvent.RampHeld
                or TelemetryEvent.ResourceKilled or TelemetryEvent.ResourcesReported
                or TelemetryEvent.WorkerOverBudget or TelemetryEvent.DatacenterPressed
                or TelemetryEvent.MemberPressed:
                _resources.On(node, telemetry);
                break;
            case TelemetryEvent.Ignored ignored:
                OnIgnored(node, ignored);
                break;
            default:
                OnLedgers(node, telemetry);
                break;
        }
    }

    private void OnLedgers(NodeId node, TelemetryEvent telemetry)
    {
        switch (telemetry)
        {
            case TelemetryEvent.SubmissionRepeated repeated:
                _submissionsRepeated.Add(1, Of(node), new("answer", repeated.Answer));
                break;
            case TelemetryEvent.KeysEvicted evicted:
                NodeLog.KeysEvicted(_logger, node, evicted.Group, evicted.Evicted, evicted.Forgotten);
                _keysEvicted.Add(evicted.Evicted, Of(node));
                _keysForgotten.Add(evicted.Forgotten, Of(node));
                break;
            case TelemetryEvent.SnapshotTooLarge tooLarge:
                NodeLog.SnapshotTooLarge(_logger, node, tooLarge.StateBytes, tooLarge.BytesMax);
                _snapshotsTooLarge.Add(1, Of(node));
                break;
            case TelemetryEvent.Recovered recovered:
                NodeLog.Recovered(_logger, node, recovered.SnapshotLsn, recovered.Records);
                break;
            case TelemetryEvent.GroupLed led:
                OnGroupLed(node, led);
                break;
            default:
                throw new UnreachableException($"unhandled {telemetry}");
        }
    }

    private void OnAttemptStarted(NodeId node, TelemetryEvent.AttemptStarted started)
    {
        NodeLog.AttemptStarted(_logger, node, started.Attempt, started.Worker);
        _attemptsStarted.Add(1, Of(node));
    }

    private void OnAttemptEnded(NodeId node, TelemetryEvent.AttemptEnded ended)
    {
        NodeLog.AttemptEnded(_logger, node, ended.Attempt, ended.Worker, ended.State, ended.Reason);
        _attemptsEnded.Add(1, Of(node), State(ended.State));
    }

    private void OnGroupLed(NodeId node, TelemetryEvent.GroupLed led)
    {
        if (led.IsLed) NodeLog.GroupLed(_logger, node, led.Group, led.View);
        else NodeLog.GroupLeft(_logger, node, led.Group, led.View);
        _groupsLed.Add(led.IsLed ? 1 : -1, Of(node));
    }

    private void OnIgnored(NodeId node, TelemetryEvent.Ignored ignored)
    {
        NodeLog.Ignored(_logger, node, ignored.Message, ignored.From, ignored.Verdict);
        _ignored.Add(1, Of(node), new("message", ignored.Message), new("verdict", ignored.Verdict));
    }

    private void OnJob(NodeId node, TelemetryEvent telemetry)
    {
        switch (telemetry)
        {
            case TelemetryEvent.JobAccepted accepted:
                NodeLog.JobAccepted(_logger, node, accepted.Job, accepted.Name);
                _jobsAccepted.Add(1, Of(node));
                break;
            case TelemetryEvent.JobRefused refused:
                NodeLog.JobRefused(_logger, node, refused.Name, refused.Reason);
                _jobsRefused.Add(1, Of(node));
                break;
            case TelemetryEvent.JobEnded ended:
                NodeLog.JobEnded(_logger, node, ended.Job, ended.State, ended.Reason);
                _jobsEnded.Add(1, Of(node), State(ended.State));
                break;
            default:
                throw new UnreachableException($"unhandled {telemetry}");
        }
    }

    private void OnSlot(NodeId node, TelemetryEvent telemetry)
    {
        switch (telemetry)
        {
            case TelemetryEvent.SlotAssigned assigned:
                NodeLog.SlotAssigned(_logger, node, assigned.Slot, assigned.Datacenter);
                _slotsAssigned.Add(1, Of(node), Datacenter(assigned.Datacenter));
                break;
            case TelemetryEvent.SlotRefused refused:
                NodeLog.SlotRefused(_logger, node, refused.Slot, refused.Datacenter, refused.Reason);
                _slotsRefused.Add(1, Of(node), Datacenter(refused.Datacenter));
                break;
            case TelemetryEvent.SlotEnded ended:
                NodeLog.SlotEnded(_logger, node, ended.Slot, ended.Datacenter, ended.State);
                _slotsEnded.Add(1, Of(node), Datacenter(ended.Datacenter), State(ended.State));
                break;
            default:
                throw new UnreachableException($"unhandled {telemetry}");
        }
    }

    private void OnWorker(NodeId node, TelemetryEvent telemetry)
    {
        switch (telemetry)
        {
            case TelemetryEvent.WorkerJoined joined:
                NodeLog.WorkerJoined(_logger, node, joined.Worker, joined.Cores, joined.Boot);
                _workersJoined.Add(1, Of(node));
                break;
            case TelemetryEvent.WorkerLost lost:
                NodeLog.WorkerLost(_logger, node, lost.Worker, lost.Reason);
                _workersLost.Add(1, Of(node));
                break;
            case TelemetryEvent.LeaseExpired expired:
                NodeLog.LeaseExpired(_logger, node, expired.Worker, expired.WorkloadsStopped);
                _leasesExpired.Add(1, Of(node));
                break;
            default:
                throw new UnreachableException($"unhandled {telemetry}");
        }
    }

    private static KeyValuePair<string, object?> Of(NodeId node) => new("node", node.Name);

    private static KeyValuePair<string, object?> Datacenter(string name) => new("datacenter", name);

    private static KeyValuePair<string, object?> State<T>(T state)
        where T : struct, Enum => new("state", state.ToString());
}
