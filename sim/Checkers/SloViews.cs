using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What a gate routes by of a datacenter's latencies (AD-42) is no older than it counts, by the
/// gate's own clock; is the newest that it was told, by whomever; and gives way to an older report only once
/// it counts no longer. In a healed world all gates know the same, and something of each datacenter that is
/// led.</summary>
/// <remarks>A new primary that has heard little is an exception: it does not acquit while what was known
/// still counts.</remarks>
/// <param name="viewOf">What a gate routes by; null where that is nothing.</param>
/// <param name="leads">Whether a manager leads its datacenter.</param>
public sealed class SloViews(Func<SimHost, string, SloView?> viewOf, Func<SimHost, bool> leads)
    : HealedAgreement("slo-views", CheckerViews.Steps | CheckerViews.Samples, Bound)
{
    /// <summary>What was told falsely counts no more, and what a new primary says counts.</summary>
    private static readonly Duration Bound = SloConfig.Default.SummaryTtl * 2;

    /// <summary>Of heartbeats, of which some come early and all arrive.</summary>
    private const int BeatsMax = 4;

    private readonly SortedDictionary<(NodeId Gate, string Datacenter), Seen> _seen = [];
    private readonly SortedDictionary<string, Instant> _ledAt = new(StringComparer.Ordinal);

    public SloViews()
        : this(
            (host, name) => host.Node is GateNode gate ? gate.SloOf(name, host.LocalNow) : null,
            host => host.Node is ManagerNode { Leads: true })
    {
    }

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        foreach (var datacenter in World.Topology.Datacenters) _seen.Remove((host.Id, datacenter.Name));
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Place.Role == NodeRole.Manager) NoteLead(host, effects);
        if (host.Place.Role != NodeRole.Gate || input is not NodeInput.Received received) return;
        if (received.Message is not (Message.ManagerHeartbeat or Message.SloTold)) return;
        foreach (var datacenter in World.Topology.Datacenters)
            Judge(host, datacenter.Name, ToldOf(datacenter.Name, received.Message, verdict));
    }

    public override void OnSample()
    {
        foreach (var host in World.Hosts)
        {
            if (host.Place.Role != NodeRole.Gate || !host.IsRunning) continue;
            foreach (var datacenter in World.Topology.Datacenters)
                RequireAge(host, datacenter.Name, viewOf(host, datacenter.Name));
        }
    }

    protected override string? Disagreement()
    {
        foreach (var datacenter in World.Topology.Datacenters)
        {
            // Who began to lead may have nothing to tell yet, or not be believed.
            if (World.Now - _ledAt.GetValueOrDefault(datacenter.Name) < Bound) continue;
            if (Disagreement(datacenter.Name) is { } found) return found;
        }

        return null;
    }

    private string? Disagreement(string datacenter)
    {
        var gates = World.Hosts.Where(host => host.Place.Role == NodeRole.Gate && host.IsRunning)
            .Select(host => (host.Id, View: viewOf(host, datacenter))).ToList();
        var ageMax = World.Plan.Options.Manager.HeartbeatInterval * BeatsMax;
        var isKnown = gates.Any(gate => gate.View is { } view && view.Summary.Age <= ageMax);
        // Where nobody leads, there is nothing to know.
        if (!isKnown && !IsLed(datacenter)) return null;
        foreach (var (id, view) in gates)
        {
            if (view is null) return $"{id} knows nothing of {datacenter}";
            if (view.Summary.Age > ageMax)
                return $"{id} knows nothing new of {datacenter} for {view.Summary.Age}";
            foreach (var (other, theirs) in gates)
            {
                if (theirs is null || theirs.Mark != view.Mark) continue;
                if (theirs.Health != view.Health || !IsSame(theirs.Summary, view.Summary))
                    return $"{id} and {other} make different things of {view.Mark} of {datacenter}";
            }
        }

        return null;
    }

    private bool IsLed(string datacenter) => World.Hosts.Any(host =>
        host.Place.Role == NodeRole.Manager && host.Place.Datacenter == datacenter && host.IsRunning
        && leads(host));

    private static bool IsSame(SloSummary a, SloSummary b) =>
        a with { Age = Duration.Zero } == b with { Age = Duration.Zero };

    private void NoteLead(SimHost host, Outbox<NodeEffect> effects)
    {
        foreach (var effect in effects.Effects)
            if (effect is NodeEffect.Emit { Event: TelemetryEvent.GroupLed })
                _ledAt[host.Place.Datacenter] = World.Now;
    }

    private void Judge(SimHost host, string datacenter, SloGossip? told)
    {
        var view = viewOf(host, datacenter);
        RequireAge(host, datacenter, view);
        var hasSeen = _seen.TryGetValue((host.Id, datacenter), out var last);
        if (hasSeen && view is not null && last.Mark.IsNewerThan(view.Mark))
        {
            Require(host.LocalNow - last.At > Config.SummaryTtl, () =>
                $"{host.Id} goes by {view.Mark} of {datacenter}; it went by {last.Mark}, which still counts");
        }

        var isNews = told is not null && Config.IsFresh(told.Summary.Age)
            && (!hasSeen || told.Mark.IsNewerThan(last.Mark));
        if (isNews)
        {
            var isDoubted = hasSeen && told!.Mark.View > last.Mark.View
                && told.Summary.Samples < Config.MinSampleCount
                && host.LocalNow - last.At <= Config.SummaryTtl;
            Require(isDoubted || (view is not null && !told!.Mark.IsNewerThan(view.Mark)), () =>
                $"{host.Id} was told {told!.Mark} of {datacenter}, and goes by "
                + (view is null ? "nothing" : $"{view.Mark}"));
        }

        if (view is not null)
            _seen[(host.Id, datacenter)] = new Seen(view.Mark, host.LocalNow - view.Summary.Age);
    }

    private void RequireAge(SimHost host, string datacenter, SloView? view) =>
        Require(view is null || view.Summary.Age <= Config.SummaryTtl, () =>
            $"{host.Id} goes by latencies of {datacenter} that are {view!.Summary.Age} old; what is older "
            + $"than {Config.SummaryTtl} counts for nothing");

    private SloConfig Config => World.Plan.Options.Gate.Slo;

    /// <summary>What a message that a gate took tells of a datacenter; null where that is nothing.</summary>
    private static SloGossip? ToldOf(string datacenter, Message message, NodeVerdict verdict) =>
        message switch
        {
            Message.ManagerHeartbeat { IsPrimary: true, Slo: { } slo } beat
                when beat.Datacenter == datacenter && verdict == NodeVerdict.Accepted =>
                new SloGossip(
                    datacenter, new SloMark(beat.View, beat.Boot.Starts, beat.Version), slo.Health,
                    slo.Summary),
            Message.SloTold gossip when verdict is NodeVerdict.Accepted or NodeVerdict.Stale =>
                gossip.Datacenters.LastOrDefault(told => told.Datacenter == datacenter),
            _ => null,
        };

    /// <summary>What a gate went by.</summary>
    /// <param name="At">When it was true, by the gate's clock.</param>
    private readonly record struct Seen(SloMark Mark, Instant At);
}
