using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Jobs go where their lists and the health of datacenters let them (AD-36, AD-43): nowhere outside
/// the list of those that they may use, to no worse bucket while a better one is left, and spillover leads to
/// none that is worse. Where one is enough it is not one whose jobs miss their latency targets while another
/// one of its bucket, whose score without the latencies is within a fifth, is not known to (AD-42). Of every
/// datacenter a decision says where it stands.</summary>
public sealed class JobRouting() : Checker("routing", CheckerViews.Steps | CheckerViews.Sent)
{
    private const double ComparableWithin = 1.2;
    private const double Rounding = 1e-9;

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (message is not Message.ReserveSlot reserve || !World.TryPlace(to, out var place)) return;
        RequireAllowed(reserve.Slot.Job, reserve.Spec, World.Places[place].Datacenter);
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Place.Role != NodeRole.Gate) return;
        JobId? taken = null;
        var places = new List<string>();
        foreach (var effect in effects.Effects)
        {
            if (effect is not NodeEffect.Emit { Event: var told }) continue;
            if (told is TelemetryEvent.JobAccepted accepted)
            {
                Judge(host, taken, places);
                (taken, places) = (accepted.Job, []);
            }
            else if (told is TelemetryEvent.SlotAssigned { Slot.Epoch: 1 } assigned
                && assigned.Slot.Job == taken)
            {
                places.Add(assigned.Datacenter);
            }
        }

        Judge(host, taken, places);
    }

    /// <summary>Judges what was decided about a new job.</summary>
    /// <param name="places">Datacenters of its first slots.</param>
    public void Judge(JobId job, JobSpec spec, RoutingDecision decision, IReadOnlyList<string> places)
    {
        JudgeRequest(job, spec, decision);
        JudgeRanking(job, spec, decision);
        foreach (var place in places) JudgePlace(job, spec, decision, place, places);
        Require(places.Distinct().Count() == places.Count && places.Count <= spec.Datacenters.Count, () =>
            $"{job} wants {spec.Datacenters.Count} datacenters and gets {string.Join(", ", places)}");
        foreach (var spillover in decision.Spillovers) JudgeSpillover(job, decision, spillover);
    }

    private void Judge(SimHost host, JobId? job, List<string> places)
    {
        if (job is not { } id || host.Node is not GateNode gate) return;
        if (gate.RoutingOf(id) is { } decision && gate.Ledger.TryGet(id, out var found))
            Judge(id, found.Spec, decision, places);
    }

    private void JudgeRequest(JobId job, JobSpec spec, RoutingDecision decision)
    {
        var (asked, choice) = (decision.Request, spec.Datacenters);
        var isOfJob = asked.Count == choice.Count && asked.Only.SequenceEqual(choice.Only)
            && asked.Preferred.SequenceEqual(choice.Preferred);
        Require(isOfJob, () =>
            $"{job} wants {choice.Count} of [{string.Join(", ", choice.Only)}]; what was decided about it is "
            + $"for {asked.Count} of [{string.Join(", ", asked.Only)}]");
    }

    private void JudgeRanking(JobId job, JobSpec spec, RoutingDecision decision)
    {
        var ranked = decision.Ranking.Select(score => score.Datacenter).ToList();
        var known = World.Plan.Topology.Datacenters.Select(datacenter => datacenter.Name);
        var judged = ranked.Concat(decision.Excluded.Select(excluded => excluded.Datacenter));
        Require(judged.Order(StringComparer.Ordinal).SequenceEqual(known.Order(StringComparer.Ordinal)), () =>
            $"for {job} {string.Join(", ", judged)} are ranked or excluded; there are "
            + $"{string.Join(", ", known)}");
        var primaries = Math.Min(spec.Datacenters.Count, ranked.Count);
        Require(decision.PrimaryCount == primaries, () =>
            $"{job} has {decision.PrimaryCount} primaries; {primaries} are right");
        foreach (var name in ranked) RequireAllowed(job, spec, name);
        foreach (var candidate in decision.View.Datacenters)
        {
            Require(candidate.Capacity.Health >= candidate.HealthWithoutSlo, () =>
                $"for {job} {candidate.Name} is {candidate.Capacity.Health} with its latencies, and "
                + $"{candidate.HealthWithoutSlo} without them");
        }

        if (decision.Request.Count == 1 && primaries == 1) JudgeLatencies(job, decision);
    }

    private void JudgeLatencies(JobId job, RoutingDecision decision)
    {
        // A probe, and who has cores in time, go before.
        if (decision.Reason == RoutingReason.Probe || decision.Spillovers.Any(one => one.ShouldSpill)) return;
        var chosen = decision.Ranking[0];
        if (!CandidateOf(decision, chosen.Datacenter).MissesSlo) return;
        foreach (var other in decision.Ranking.Skip(1))
        {
            // What they are without their latencies is what makes them comparable.
            var (own, others) = (WithoutSlo(chosen), WithoutSlo(other));
            Require(
                other.Bucket > chosen.Bucket || others >= own * ComparableWithin * (1 - Rounding)
                || CandidateOf(decision, other.Datacenter).MissesSlo,
                () => $"{job} goes to {chosen.Datacenter}, whose jobs miss their latency targets, with a "
                    + $"score of {own} without them; {other.Datacenter} has {others}");
        }
    }

    private void JudgePlace(
        JobId job, JobSpec spec, RoutingDecision decision, string place, IReadOnlyList<string> places)
    {
        RequireAllowed(job, spec, place);
        Require(decision.Ranking.Any(score => score.Datacenter == place), () =>
            $"{job} goes to {place}, which is not in its ranking");
        // A probe goes where its jobs' latencies made a datacenter worse, to see whether they still do.
        if (decision.Reason == RoutingReason.Probe) return;
        foreach (var score in decision.Ranking)
        {
            if (places.Contains(score.Datacenter) || !IsLargeEnough(score.Datacenter, spec)) continue;
            Require(BucketOf(decision, place) <= BucketOf(decision, score.Datacenter), () =>
                $"{job} goes to {place}, which is {BucketOf(decision, place)}; {score.Datacenter}, which is "
                + $"{BucketOf(decision, score.Datacenter)}, is not used");
        }
    }

    private void JudgeSpillover(JobId job, RoutingDecision decision, SpilloverDecision spillover)
    {
        if (!spillover.ShouldSpill) return;
        var (home, there) = (spillover.PrimaryDatacenter, spillover.SpilloverDatacenter!);
        Require(BucketOf(decision, there) <= BucketOf(decision, home), () =>
            $"{job} spills from {home}, which is {BucketOf(decision, home)}, to {there}, which is "
            + $"{BucketOf(decision, there)}");
        var capacity = CandidateOf(decision, there).Capacity;
        Require(capacity.IsFresh, () => $"{job} spills to {there}, of which too little is known");
        Require(spillover.SpilloverWait is { } wait
            && (spillover.PrimaryWait is not { } left || wait * 2 <= left), () =>
            $"{job} spills from {home} with a wait of {spillover.PrimaryWait} to {there} with "
            + $"{spillover.SpilloverWait}");
    }

    private void RequireAllowed(JobId job, JobSpec spec, string datacenter)
    {
        var only = spec.Datacenters.Only;
        Require(only.Count == 0 || only.Contains(datacenter), () =>
            $"{job} is to go to {datacenter}; it may use {string.Join(", ", only)} only");
    }

    /// <summary>Whether the largest workflow fits on whichever worker there is.</summary>
    private bool IsLargeEnough(string datacenter, JobSpec spec) =>
        World.Plan.Topology.Datacenters.First(one => one.Name == datacenter).WorkerCores.Min()
        >= spec.Workflows.Max(workflow => workflow.Cores);

    private static double WithoutSlo(in DatacenterRoutingScore score) => score.Score / score.SloFactor;

    private static DatacenterCandidate CandidateOf(RoutingDecision decision, string datacenter) =>
        decision.View.Datacenters.First(candidate => candidate.Name.Text == datacenter);

    /// <summary>Found here from what the gate saw: what is checked is what it made of it.</summary>
    private static DatacenterHealth BucketOf(RoutingDecision decision, string datacenter)
    {
        var candidate = CandidateOf(decision, datacenter);
        var health = candidate.Capacity.Health;
        return candidate.IsHealthStale && health < DatacenterHealth.Degraded
            ? DatacenterHealth.Degraded
            : health;
    }
}
