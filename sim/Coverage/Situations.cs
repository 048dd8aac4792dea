using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Coverage;

/// <summary>Marks the situations that show in what nodes take and send; breaks no rule.</summary>
public sealed class Situations() : Checker(
    "situations", CheckerViews.Steps | CheckerViews.Sent | CheckerViews.Effects)
{
    private readonly SortedSet<int> _diedWithWork = [];
    private readonly SortedSet<JobId> _stopped = [];
    private readonly SortedSet<(int Place, int Life, NodeId Member)> _joined = [];
    private readonly SortedSet<(int Place, NodeId Member)> _dead = [];
    private readonly SortedSet<int> _lost = [];

    public override void OnEnded(SimHost host, CrashExtent extent)
    {
        if (HasWork(host)) _diedWithWork.Add(host.Place.Index);
    }

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (!_diedWithWork.Remove(host.Place.Index)) return;
        Met(host.Place.Role == NodeRole.Gate
            ? Probe.JobSurvivedCrashOfItsGate
            : Probe.SlotSurvivedCrashOfItsManager);
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (input is NodeInput.Started && host.IsDiskLost) _lost.Add(host.Place.Index);
        if (_lost.Contains(host.Place.Index) && host.IsWhole)
        {
            _lost.Remove(host.Place.Index);
            Met(Probe.LostDiskMadeGood);
        }

        if (input is not NodeInput.Received received || verdict != NodeVerdict.Duplicate) return;
        if (received.Message is Message.AttemptFinished or Message.SlotFinished) Met(Probe.ResultSentAgain);
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        switch (message)
        {
            case Message.StartAttempt { Attempt.Attempt: > 1 }:
                Met(Probe.AttemptRetried);
                break;
            case Message.StopAttempt stop:
                _stopped.Add(stop.Attempt.Slot.Job);
                break;
            case Message.ManagerHeartbeat { QueuedWorkflows: > 0 }:
                Met(Probe.WorkflowQueuedForCores);
                break;
            case Message.SlotRefused:
                Met(Probe.SlotRefused);
                break;
            case Message.StartSlot { Slot.Epoch: > 1 }:
                Met(Probe.SlotMovedOn);
                break;
            case Message.StartSlot { Slot.Slot: > 0 }:
                Met(Probe.JobWithSeveralDatacenters);
                break;
            case Message.ClientAnswer { Response: ClientResponse.Pending }:
                Met(Probe.KeyPending);
                break;
            case Message.ClientCall { Hops: > 0 }:
                Met(Probe.RequestForwarded);
                break;
            default:
                break;
        }
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Emit { Event: TelemetryEvent.AttemptEnded { State: AttemptState.Lost } }:
                Met(Probe.AttemptAbandoned);
                break;
            case NodeEffect.Emit { Event: var told } when MeetMember(host, told):
                break;
            case NodeEffect.Emit { Event: TelemetryEvent.DatacenterPressed { IsPressed: true } }:
                Met(Probe.DatacenterUnderPressure);
                break;
            case NodeEffect.Emit { Event: TelemetryEvent.JobEnded { State: JobState.Failed } failed }
                when failed.Reason.StartsWith("withdrawn: ", StringComparison.Ordinal):
                Met(Probe.KeyWithdrawn);
                break;
            case NodeEffect.Emit { Event: TelemetryEvent.JobEnded { State: JobState.Cancelled } ended }:
                Met(_stopped.Contains(ended.Job) ? Probe.CancelledWhileRunning : Probe.CancelledBeforeStart);
                break;
            default:
                break;
        }
    }

    private bool MeetMember(SimHost host, TelemetryEvent told)
    {
        switch (told)
        {
            case TelemetryEvent.MemberJoined joined:
                if (!_joined.Add((host.Place.Index, host.Life, joined.Member))) Met(Probe.RestartNoticed);
                return true;
            case TelemetryEvent.MemberPressed pressed:
                Met(pressed.IsPressed ? Probe.MemberPressed : Probe.MemberRelieved);
                return true;
            case TelemetryEvent.MemberSuspected suspected:
                _dead.Remove((host.Place.Index, suspected.Member));
                Met(Probe.MemberSuspected);
                return true;
            case TelemetryEvent.MemberDied died:
                _dead.Add((host.Place.Index, died.Member));
                Met(Probe.MemberDeclaredDead);
                return true;
            case TelemetryEvent.MemberReturned returned:
                Met(_dead.Remove((host.Place.Index, returned.Member))
                    ? Probe.DeadMemberReturned
                    : Probe.SuspicionContradicted);
                return true;
            default:
                return false;
        }
    }

    private bool HasWork(SimHost host) => host.Place.Role switch
    {
        NodeRole.Gate => World.Clients.Accepted.Values.Any(job => job.Ended is null),
        NodeRole.Manager => World.Processes.RunningCount > 0,
        NodeRole.Worker or NodeRole.Client => false,
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {host.Place.Role}"),
    };

    private void Met(Probe probe) => World.Coverage.Sometimes(probe);
}
