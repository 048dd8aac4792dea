using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>Chooses the datacenters of jobs (AD-36, AD-43, AD-45): filter, bucket, score, hysteresis, probe,
/// spillover, fallback.</summary>
/// <remarks>Routers that have seen the same decide alike. A decision costs O(datacenters log datacenters) and
/// leaves behind what its class of jobs takes, not the job.</remarks>
public sealed partial class GateJobRouter(
    CapacityConfig capacity, HysteresisConfig hysteresis, IBlendedLatencies latencies)
{
    /// <summary>Classes of jobs that are remembered; the one that was routed least lately makes
    /// room.</summary>
    public const int ClassesMax = 1024;

    /// <summary>Datacenters whose failures are remembered.</summary>
    public const int FailuresMax = 10_000;

    /// <summary>One decision in so many is for a datacenter that lost its traffic, unless the hysteresis says
    /// otherwise.</summary>
    public const int ProbeEvery = 100;

    /// <summary>Decisions that may probe when a probe is due: one whose job cannot go there, or when there is
    /// no room, is not to cost the probe.</summary>
    private const int ProbeTriesMax = 10;

    /// <summary>Where so few jobs come that probes lie further apart, what was learned of a datacenter is
    /// forgotten sooner than probes would correct it.</summary>
    public static readonly Duration ProbeIntervalMax = Duration.FromSeconds(20);

    private readonly RoutingScorer _scorer = new(latencies);
    private readonly LaneTable<JobClass, Incumbents> _classes = new(lanes: 1);
    private readonly LaneTable<DatacenterName, Instant> _failedAt = new(lanes: 1);
    private readonly Incumbents _noIncumbents = new();

    // Of the decision at hand, to be used again by the next one.
    private DatacenterRoutingScore[] _scores = [];
    private Ranked[] _ranked = [];
    private SpilloverCandidate[] _others = [];
    private Exclusion[] _excluded = [];
    private double _missedSloFactor;
    private long _decisions;
    private Instant? _probedAt;
    private ProbeKind _probe;
    private int _probeTries;

    /// <summary>Routes a job, and remembers for the next one of its class.</summary>
    public RoutingDecision RouteJob(RoutingRequest request, RoutingView view, Instant now)
    {
        var incumbents = IncumbentsOf(request.Class);
        incumbents.Follow(view.IsBootstrap);
        if (++_decisions % hysteresis.ProbeEvery == 0)
        {
            var isFrequent = _probedAt is { } last && now - last <= ProbeIntervalMax;
            _probe = isFrequent ? ProbeKind.All : ProbeKind.SloOnly;
            (_probedAt, _probeTries) = (now, ProbeTriesMax);
        }

        if (_probeTries == 0)
            return Decide(request, view, incumbents, ProbeKind.None, isKept: true, now);
        _probeTries--;
        var decision = Decide(request, view, incumbents, _probe, isKept: true, now);
        if (decision.Reason == RoutingReason.Probe) _probeTries = 0;
        return decision;
    }

    /// <summary>What <see cref="RouteJob"/> would decide, probes aside; nothing is remembered.</summary>
    public RoutingDecision Preview(RoutingRequest request, RoutingView view, Instant now)
    {
        var slot = _classes.Find(request.Class);
        var incumbents = slot < 0 ? _noIncumbents : _classes.ValueAt(slot);
        return Decide(request, view, incumbents, ProbeKind.None, isKept: false, now);
    }

    /// <summary>A dispatch to the datacenter failed. "Pending" and "no capacity now" are answers, no
    /// failures.</summary>
    public void OnDispatchFailed(DatacenterName datacenter, Instant now)
    {
        var slot = _failedAt.Find(datacenter);
        if (slot < 0)
        {
            if (_failedAt.Count == FailuresMax) _failedAt.Remove(_failedAt.OldestIn(0));
            slot = _failedAt.Add(datacenter, now, 0);
        }

        _failedAt.ValueAt(slot) = now;
        _failedAt.Move(slot, 0);
    }

    public void CheckInvariants()
    {
        _classes.CheckInvariants();
        _failedAt.CheckInvariants();
        Invariant.Holds(_classes.Count <= ClassesMax && _failedAt.Count <= FailuresMax);
        Invariant.Holds(_noIncumbents.Count == 0);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_decisions);
        fingerprint.Add(_probedAt ?? Instant.Never);
        fingerprint.Add((ulong)_probe);
        fingerprint.Add((long)_probeTries);
        foreach (var (name, incumbents) in _classes.In(0))
        {
            fingerprint.Add(name.Text);
            incumbents.AddTo(ref fingerprint);
        }

        foreach (var (name, at) in _failedAt.In(0))
        {
            fingerprint.Add(name.Text);
            fingerprint.Add(at);
        }
    }

    private Incumbents IncumbentsOf(JobClass jobClass)
    {
        var slot = _classes.Find(jobClass);
        if (slot < 0)
        {
            if (_classes.Count == ClassesMax) _classes.Remove(_classes.OldestIn(0));
            slot = _classes.Add(jobClass, new Incumbents(), 0);
        }

        _classes.Move(slot, 0);
        return _classes.ValueAt(slot);
    }

    private RoutingDecision Decide(
        RoutingRequest request,
        RoutingView view,
        Incumbents incumbents,
        ProbeKind probe,
        bool isKept,
        Instant now)
    {
        Reserve(view.Datacenters.Count);
        _missedSloFactor = MissedSloFactorOf(request, view);
        var (eligible, excluded) = Rank(request, view, incumbents, now);
        var primaries = Math.Min(request.Count, eligible);
        var reason = ReasonOf(incumbents, eligible, primaries, view, now);
        if (isKept) Keep(incumbents, eligible, primaries, view, now);
        // Whatever comes now is for this job alone.
        var isDetour = GoesAround(eligible, primaries);
        if (isDetour && reason is RoutingReason.HoldDownRetained or RoutingReason.BelowThresholdRetained)
            reason = RoutingReason.FullDetour;
        var toBeat = primaries == 0 ? (PlaceToBeat?)null : PlaceOf(_ranked[primaries - 1], incumbents, view);
        if (probe != ProbeKind.None
            && TryProbe(request, view, probe, primaries, ref eligible, ref excluded, now))
            reason = RoutingReason.Probe;
        var spillovers = Spill(request, view, eligible, primaries);
        var ranking = new DatacenterRoutingScore[eligible];
        for (var i = 0; i < eligible; i++) ranking[i] = _scores[_ranked[i].Index];
        return new RoutingDecision(
            request,
            view,
            now,
            reason,
            OutcomeOf(ranking.AsSpan(0, primaries), request.CoresRequired, view),
            ranking,
            primaries,
            _excluded.AsSpan(0, excluded).ToArray(),
            spillovers,
            toBeat);
    }

    /// <summary>Scores what is eligible and sorts it: by bucket, then by score with the incumbents'
    /// advantage, then by name.</summary>
    private (int Eligible, int Excluded) Rank(
        RoutingRequest request, RoutingView view, Incumbents incumbents, Instant now)
    {
        var (eligible, excluded, best) = (0, 0, DatacenterHealth.Unhealthy);
        // The best bucket of a challenger whose jobs are not known to miss their latency targets.
        var relief = DatacenterHealth.Unhealthy;
        for (var i = 0; i < view.Datacenters.Count; i++)
        {
            var candidate = view.Datacenters[i];
            var exclusion = CandidateFilter.ExclusionOf(candidate, request);
            if (exclusion != ExclusionReason.None)
            {
                _excluded[excluded++] = new(candidate.Name.Text, exclusion, candidate.HealthReason);
                continue;
            }

            _scores[i] = ScoreOf(candidate, request, view, now);
            var bucket = _scores[i].Bucket;
            if (bucket < best) best = bucket;
            _ranked[eligible++] = new(
                bucket, bucket, _scores[i].Score, IsKept: false, candidate.MissesSlo, candidate.Name.Text, i,
                Standing.Challenger);
            if (bucket < relief && !candidate.MissesSlo && incumbents.IndexOf(candidate.Name) < 0)
                relief = bucket;
        }

        for (var i = 0; i < eligible; i++) Stand(ref _ranked[i], view, incumbents, (best, relief), now);
        _ranked.AsSpan(0, eligible).Sort(Ranked.Compare);
        return (eligible, excluded);
    }

    private DatacenterRoutingScore ScoreOf(
        DatacenterCandidate candidate, RoutingRequest request, RoutingView view, Instant now) =>
        _scorer.Score(
            candidate, request, CooldownFactorOf(candidate.Name, now), _missedSloFactor, view.IsBootstrap,
            now);

    /// <summary>One least factor for all that miss their targets: whatever is compared with whatever, the
    /// order is one of numbers. Of those that the job cannot go to none counts.</summary>
    private static double MissedSloFactorOf(RoutingRequest request, RoutingView view)
    {
        var most = 0.0;
        foreach (var candidate in view.Datacenters)
        {
            if (candidate.MissesSlo || candidate.SloFactor <= most) continue;
            if (CandidateFilter.ExclusionOf(candidate, request) == ExclusionReason.None)
                most = candidate.SloFactor;
        }

        return most * RoutingScorer.MissedSloFactor;
    }

    /// <summary>A score by the datacenter's own SLO factor: that others are well, or come and go, is no
    /// degradation of it.</summary>
    private DatacenterRoutingScore OwnScoreOf(int index, RoutingView view)
    {
        var (score, own) = (_scores[index], view.Datacenters[index].SloFactor);
        return score with { SloFactor = own, Score = score.Score / score.SloFactor * own };
    }

    /// <summary>Gives an incumbent its advantage; none to one whose jobs miss their latency targets while a
    /// challenger of its bucket, or of a better one, does not.</summary>
    /// <param name="buckets">The best of all, and of such challengers.</param>
    private void Stand(
        ref Ranked ranked,
        RoutingView view,
        Incumbents incumbents,
        (DatacenterHealth Best, DatacenterHealth Relief) buckets,
        Instant now)
    {
        var candidate = view.Datacenters[ranked.Index];
        var place = incumbents.IndexOf(candidate.Name);
        if (place < 0) return;
        ref readonly var score = ref _scores[ranked.Index];
        var isRelieved = candidate.MissesSlo && buckets.Relief <= score.Bucket;
        var standing = incumbents.StandingOf(
            place, OwnScoreOf(ranked.Index, view), isRelieved, hysteresis, now);
        ranked = ranked with { Standing = standing };
        if (standing is not (Standing.HeldDown or Standing.Incumbent)) return;
        ranked = ranked with
        {
            HomeBucket = score.IsFull ? buckets.Best : score.Bucket,
            // Held down: before all others, in the order in which they were.
            Order = standing == Standing.HeldDown
                ? place - incumbents.Count
                : score.Score * hysteresis.SwitchBelow,
            IsKept = true,
        };
    }

    private void Keep(Incumbents incumbents, int eligible, int primaries, RoutingView view, Instant now)
    {
        for (var i = 0; i < eligible; i++)
        {
            var place = incumbents.IndexOf(view.Datacenters[_ranked[i].Index].Name);
            if (place >= 0) incumbents.Note(place, OwnScoreOf(_ranked[i].Index, view), hysteresis, now);
        }

        if (IsUnchanged(incumbents, primaries, view)) return;
        var chosen = new (DatacenterName, double, double)[primaries];
        for (var i = 0; i < primaries; i++)
        {
            var score = OwnScoreOf(_ranked[i].Index, view);
            var name = view.Datacenters[_ranked[i].Index].Name;
            chosen[i] = (name, score.Score, score.ObservedConfidence);
        }

        incumbents.Become(chosen, now);
    }

    private bool IsUnchanged(Incumbents incumbents, int primaries, RoutingView view)
    {
        if (incumbents.Count != primaries) return false;
        for (var i = 0; i < primaries; i++)
            if (!incumbents[i].Equals(view.Datacenters[_ranked[i].Index].Name)) return false;
        return true;
    }

    private double CooldownFactorOf(DatacenterName datacenter, Instant now)
    {
        if (_failedAt.Count == 0) return 1;
        var slot = _failedAt.Find(datacenter);
        return slot >= 0 && now - _failedAt.ValueAt(slot) < hysteresis.Cooldown
            ? hysteresis.CooldownFactor
            : 1;
    }

    private PlaceToBeat PlaceOf(in Ranked last, Incumbents incumbents, RoutingView view)
    {
        var score = _scores[last.Index].Score * (last.IsKept ? hysteresis.SwitchBelow : 1);
        if (last.Standing != Standing.HeldDown) return new(last.Bucket, score, null);
        var place = incumbents.IndexOf(view.Datacenters[last.Index].Name);
        return new(last.Bucket, score, incumbents.SelectedAt(place) + hysteresis.HoldDown);
    }

    private void Reserve(int datacenters)
    {
        if (_scores.Length >= datacenters) return;
        _scores = new DatacenterRoutingScore[datacenters];
        _ranked = new Ranked[datacenters];
        _others = new SpilloverCandidate[datacenters];
        _excluded = new Exclusion[datacenters];
    }

    /// <summary>Which datacenters a decision may be a probe of.</summary>
    private enum ProbeKind : byte { None, SloOnly, All }

    /// <param name="HomeBucket">That it has in its class: an incumbent that is full for the moment has not
    /// lost its place, and counts as well as the best there is.</param>
    /// <param name="Bucket">That the job at hand meets.</param>
    /// <param name="Order">Score, with the incumbents' advantage.</param>
    /// <param name="IsKept">An incumbent that has an advantage; before a challenger of the same
    /// order.</param>
    /// <param name="MissesSlo">Likewise behind one that does not.</param>
    /// <param name="Index">In the view.</param>
    private readonly record struct Ranked(
        DatacenterHealth HomeBucket,
        DatacenterHealth Bucket,
        double Order,
        bool IsKept,
        bool MissesSlo,
        string Name,
        int Index,
        Standing Standing)
    {
        /// <summary>As the class prefers them.</summary>
        public static int Compare(Ranked a, Ranked b) => a.HomeBucket != b.HomeBucket
            ? a.HomeBucket.CompareTo(b.HomeBucket)
            : CompareWithin(a, b);

        /// <summary>As they are now.</summary>
        public static int CompareNow(Ranked a, Ranked b) =>
            a.Bucket != b.Bucket ? a.Bucket.CompareTo(b.Bucket) : CompareWithin(a, b);

        private static int CompareWithin(in Ranked a, in Ranked b)
        {
            if (a.Order < b.Order) return -1;
            if (a.Order > b.Order) return 1;
            if (a.IsKept != b.IsKept) return a.IsKept ? -1 : 1;
            if (a.MissesSlo != b.MissesSlo) return a.MissesSlo ? 1 : -1;
            return string.CompareOrdinal(a.Name, b.Name);
        }
    }
}
