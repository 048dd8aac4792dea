using System.Diagnostics;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

// Why a decision is as it is, and what departs from the ranking for one job alone.
public sealed partial class GateJobRouter
{
    private RoutingReason ReasonOf(
        Incumbents incumbents, int eligible, int primaries, RoutingView view, Instant now)
    {
        if (eligible == 0) return RoutingReason.NoneEligible;
        if (incumbents.Count == 0) return RoutingReason.InitialSelection;
        for (var place = 0; place < incumbents.Count; place++)
        {
            var rank = RankOf(incumbents[place], eligible, view);
            if (rank < 0) return RoutingReason.ExclusionForced;
            if (rank >= primaries) return LossOf(_ranked[rank], _ranked[primaries - 1]);
        }

        return now - incumbents.SelectedAt(0) < hysteresis.HoldDown
            ? RoutingReason.HoldDownRetained
            : RoutingReason.BelowThresholdRetained;
    }

    /// <summary>Why an incumbent lost its place to the last that has one.</summary>
    private static RoutingReason LossOf(in Ranked lost, in Ranked last) => lost.Standing switch
    {
        Standing.CoolingDown => RoutingReason.CooldownPenalty,
        _ when lost.HomeBucket > last.HomeBucket => RoutingReason.BucketDropForced,
        Standing.MissesSlo => RoutingReason.SloForced,
        Standing.Degraded => RoutingReason.DegradationForced,
        Standing.Incumbent or Standing.HeldDown => RoutingReason.ImprovementThresholdMet,
        _ => throw new UnreachableException($"unhandled {lost.Standing}"),
    };

    private int RankOf(DatacenterName name, int eligible, RoutingView view)
    {
        for (var i = 0; i < eligible; i++)
            if (view.Datacenters[_ranked[i].Index].Name.Equals(name)) return i;
        return -1;
    }

    /// <summary>Sorts by what the datacenters are now; whether an incumbent that is full is then no
    /// primary.</summary>
    private bool GoesAround(int eligible, int primaries)
    {
        var ranked = _ranked.AsSpan(0, eligible);
        if (!IsAnyFull(ranked)) return false;
        // All others are in order.
        for (var i = eligible - 1; i >= 0; i--)
            if (IsFull(ranked[i])) Sink(ranked[i..]);
        return IsAnyFull(ranked[primaries..]);
    }

    /// <summary>Puts the first one where it belongs among the others, which are sorted by what they are
    /// now.</summary>
    private static void Sink(Span<Ranked> ranked)
    {
        var (first, to) = (ranked[0], 0);
        while (to + 1 < ranked.Length && Ranked.CompareNow(ranked[to + 1], first) < 0) to++;
        ranked[1..(to + 1)].CopyTo(ranked);
        ranked[to] = first;
    }

    private static bool IsFull(in Ranked ranked) => ranked.HomeBucket < ranked.Bucket;

    private static bool IsAnyFull(ReadOnlySpan<Ranked> ranked)
    {
        foreach (ref readonly var one in ranked)
            if (IsFull(one)) return true;
        return false;
    }

    /// <summary>Puts a datacenter that lost its traffic in the place of the last primary, which then heads
    /// the fallback. Of several, the one that least is known of.</summary>
    private bool TryProbe(
        RoutingRequest request,
        RoutingView view,
        ProbeKind probe,
        int primaries,
        ref int eligible,
        ref int excluded,
        Instant now)
    {
        if (primaries == 0) return false;
        var best = -1;
        for (var i = 0; i < view.Datacenters.Count; i++)
        {
            if (!IsProbed(i, request, view, probe, primaries, now)) continue;
            var isLessKnown = best < 0
                || _scores[i].ObservedConfidence < _scores[best].ObservedConfidence
                || (!(_scores[i].ObservedConfidence > _scores[best].ObservedConfidence)
                    && view.Datacenters[i].Name < view.Datacenters[best].Name);
            if (isLessKnown) best = i;
        }

        if (best < 0) return false;
        var name = view.Datacenters[best].Name;
        var rank = RankOf(name, eligible, view);
        if (rank < 0)
        {
            var last = --excluded;
            for (var i = 0; i < last; i++)
                if (_excluded[i].Datacenter == name.Text) _excluded[i] = _excluded[last];
            rank = eligible++;
            var bucket = _scores[best].Bucket;
            _ranked[rank] = new(
                bucket, bucket, 0, IsKept: false, view.Datacenters[best].MissesSlo, name.Text, best,
                Standing.Challenger);
        }

        var moved = _ranked[rank];
        _ranked.AsSpan(primaries - 1, rank - primaries + 1).CopyTo(_ranked.AsSpan(primaries));
        _ranked[primaries - 1] = moved;
        return true;
    }

    /// <summary>Whether only what its jobs met keeps a datacenter behind the primaries: it takes longer than
    /// its distance explains, or misses its targets, be it so badly that no other job goes there.</summary>
    private bool IsProbed(
        int index, RoutingRequest request, RoutingView view, ProbeKind probe, int primaries, Instant now)
    {
        var candidate = view.Datacenters[index];
        if (CandidateFilter.UnreachableBecause(candidate, request) != ExclusionReason.None) return false;
        var bucket = _ranked[primaries - 1].Bucket;
        if (candidate.HealthWithoutSlo > bucket || candidate.IsHealthStale) return false;
        if (!candidate.Capacity.IsFresh || candidate.Capacity.AvailableCores < request.CoresRequired)
            return false;
        if (RankOf(candidate.Name, primaries, view) >= 0) return false;
        if (candidate.Capacity.Health == DatacenterHealth.Unhealthy)
            _scores[index] = ScoreOf(candidate, request, view, now);
        ref readonly var score = ref _scores[index];
        return candidate.HealthWithoutSlo < candidate.Capacity.Health
            || (probe == ProbeKind.All && score.ObservedConfidence > 0
                && score.ObservedLatencyMs > score.PredictedMs);
    }

    /// <summary>Replaces each primary that has no cores soon by a datacenter that has, where there is one;
    /// the replaced ones head the fallback.</summary>
    private SpilloverDecision[] Spill(RoutingRequest request, RoutingView view, int eligible, int primaries)
    {
        var decisions = new SpilloverDecision[primaries];
        var next = primaries;
        for (var i = 0; i < primaries; i++)
        {
            var primary = SpilloverOf(view, i);
            var others = 0;
            for (var j = next; j < eligible && primary.Capacity.AvailableCores < request.CoresRequired; j++)
                if (_ranked[j].Bucket <= _ranked[i].Bucket) _others[others++] = SpilloverOf(view, j);
            decisions[i] = SpilloverEvaluator.Evaluate(
                capacity, request.CoresRequired, primary, _others.AsSpan(0, others));
            if (!decisions[i].ShouldSpill) continue;
            var there = next;
            while (_ranked[there].Name != decisions[i].SpilloverDatacenter) there++;
            var (home, other) = (_ranked[i], _ranked[there]);
            _ranked.AsSpan(next, there - next).CopyTo(_ranked.AsSpan(next + 1));
            (_ranked[i], _ranked[next++]) = (other, home);
        }

        return decisions;
    }

    private SpilloverCandidate SpilloverOf(RoutingView view, int rank)
    {
        var candidate = view.Datacenters[_ranked[rank].Index];
        return new SpilloverCandidate(candidate.Capacity, candidate.RttMs);
    }

    private RoutingOutcome OutcomeOf(
        ReadOnlySpan<DatacenterRoutingScore> primaries, int cores, RoutingView view)
    {
        if (primaries.Length == 0) return RoutingOutcome.Failed;
        var (worst, isQueued) = (DatacenterHealth.Healthy, false);
        for (var i = 0; i < primaries.Length; i++)
        {
            if (primaries[i].Bucket > worst) worst = primaries[i].Bucket;
            isQueued |= view.Datacenters[_ranked[i].Index].Capacity.AvailableCores < cores;
        }

        if (worst >= DatacenterHealth.Degraded) return RoutingOutcome.Degraded;
        return isQueued ? RoutingOutcome.Queued : RoutingOutcome.Routed;
    }
}
