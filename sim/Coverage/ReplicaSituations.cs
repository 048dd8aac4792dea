using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Coverage;

/// <summary>Marks the situations of ledger groups and of those who lead them; breaks no rule.</summary>
public sealed class ReplicaSituations() : Checker(
    "replica-situations", CheckerViews.Steps | CheckerViews.Sent | CheckerViews.Effects)
{
    // What was under way when a replica wanted to leave its view has arrived by then.
    private static readonly Duration Settling = Duration.FromSeconds(3);

    private readonly SortedDictionary<(string Home, int Group), (NodeId Node, long View)> _leaders = [];
    private readonly SortedSet<int> _diedLeading = [];
    private readonly SortedDictionary<(int Place, int Group), (long View, Instant At)> _exits = [];
    private readonly SortedDictionary<(int Place, int Group), long> _leased = [];
    private readonly SortedDictionary<(int Place, int Group), NodeId> _forwards = [];
    private readonly SortedDictionary<string, long> _fences = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (_diedLeading.Remove(host.Place.Index)) Met(Probe.PrimaryRestarted);
        var place = host.Place.Index;
        foreach (var key in _exits.Keys.Where(key => key.Place == place).ToList()) _exits.Remove(key);
        foreach (var key in _forwards.Keys.Where(key => key.Place == place).ToList()) _forwards.Remove(key);
    }

    public override void OnEnded(SimHost host, CrashExtent extent)
    {
        if (_leaders.Any(led => led.Key.Home == host.Place.Datacenter && led.Value.Node == host.Id))
            _diedLeading.Add(host.Place.Index);
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (effect is not NodeEffect.Emit { Event: TelemetryEvent.GroupLed { IsLed: true } led }) return;
        var key = (host.Place.Datacenter, led.Group);
        if (_leaders.TryGetValue(key, out var last) && last.View < led.View) Met(Probe.ViewChanged);
        _leaders[key] = (host.Id, led.View);
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (input is not NodeInput.Received received) return;
        switch (received.Message)
        {
            case Message.Replication replication:
                foreach (var (group, message) in replication.Messages)
                    if (message is VsrMessage.NewState { IsLast: true }) CaughtUp(host, group, effects);
                break;
            case Message.WorkerHeartbeat when host.Node is ManagerNode { Leads: true } manager:
                Served(host, 0, manager.Fence, Answers(effects));
                break;
            case Message.ClientCall { Request: ClientRequest.GetJob get } when host.Node is GateNode gate:
                if (gate.LedGroups.Contains(get.Job.Group))
                    Served(host, get.Job.Group, gate.FenceOf(get.Job.Group), Answers(effects));
                break;
            case var command when Fences.Of(host, command) is var (owner, fence):
                var isRefused = verdict is NodeVerdict.Stale or NodeVerdict.Refused;
                if (isRefused && fence < _fences.GetValueOrDefault(owner)) Met(Probe.StaleLeaderCommanded);
                break;
            default:
                break;
        }
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        switch (message)
        {
            case Message.Replication replication:
                foreach (var (group, about) in replication.Messages) Follow(host, group, about);
                break;
            case Message.ClientCall { Hops: > 0 } call when GroupOf(call.Request) is { } group:
                var key = (host.Place.Index, group);
                if (_forwards.TryGetValue(key, out var last) && last != to) Met(Probe.ForwardedToNewLeader);
                _forwards[key] = to;
                break;
            default:
                if (Fences.Of(host, message) is var (owner, fence))
                    _fences[owner] = Math.Max(fence, _fences.GetValueOrDefault(owner));
                break;
        }
    }

    /// <summary>The last part of a log arrived: what its replica installs tells what it was.</summary>
    private void CaughtUp(SimHost host, int group, Outbox<NodeEffect> effects)
    {
        foreach (var effect in effects.Effects)
        {
            if (effect is not NodeEffect.Append append) continue;
            if (GroupRecord.Decode(append.Record.Payload.Span) is not { } record || record.Group != group)
                continue;
            if (record.Record is not VsrRecord.LogInstalled installed) continue;
            if (World.Topology.PrimaryOf(host.Id, group, installed.View) == host.Id) continue;
            Met(installed.State is null ? Probe.BackupCaughtUpByLog : Probe.BackupCaughtUpByState);
        }
    }

    /// <summary>A leader that answered in its view and no longer does has lost its lease.</summary>
    private void Served(SimHost host, int group, long view, bool isAnswered)
    {
        var key = (host.Place.Index, group);
        if (isAnswered) _leased[key] = view;
        else if (_leased.Remove(key, out var leased) && leased == view) Met(Probe.LeaseLost);
    }

    /// <summary>A replica that wanted to leave a view and long after still follows in it was not
    /// joined.</summary>
    private void Follow(SimHost host, int group, VsrMessage message)
    {
        var key = (host.Place.Index, group);
        if (message is VsrMessage.ExitView exit && _exits.GetValueOrDefault(key).View != exit.View)
            _exits[key] = (exit.View, World.Now);
        if (message is not VsrMessage.PrepareOk ok || !_exits.TryGetValue(key, out var wanted)) return;
        if (ok.View != wanted.View || World.Now < wanted.At + Settling) return;
        _exits.Remove(key);
        Met(Probe.ExitViewWithoutQuorum);
    }

    private static bool Answers(Outbox<NodeEffect> effects) => effects.Effects.Any(effect =>
        effect is NodeEffect.Send { Message: Message.HeartbeatAnswered or Message.ClientAnswer });

    private static int? GroupOf(ClientRequest request) => request switch
    {
        ClientRequest.GetJob get => get.Job.Group,
        ClientRequest.WatchJob watch => watch.Job.Group,
        ClientRequest.CancelJob cancel => cancel.Job.Group,
        _ => null,
    };

    private void Met(Probe probe) => World.Coverage.Sometimes(probe);
}
