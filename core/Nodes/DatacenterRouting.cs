using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Nodes;

/// <summary>What a gate knows of datacenters and where it sends jobs for that (AD-36, AD-43, AD-45). All of
/// it is soft: it makes placement better and decides nothing that the ledger says.</summary>
public sealed partial class DatacenterRouting
{
    /// <summary>Between two tellings of debits to the other gates.</summary>
    private static readonly Duration DebitInterval = Duration.FromMilliseconds(500);

    private readonly Topology _topology;
    private readonly GateConfig _config;
    private readonly DatacenterBoard _board;
    private readonly SortedDictionary<string, DatacenterName> _names = new(StringComparer.Ordinal);
    private readonly DatacenterCapacityAggregator _capacity;
    private readonly ObservedLatencyTracker _latencies;
    private readonly GateJobManager _dispatches = new();
    private readonly GateJobRouter _router;
    private readonly SortedDictionary<NodeId, ManagerCircuit> _circuits = [];
    private readonly SortedDictionary<string, DatacenterPressure> _pressures = new(StringComparer.Ordinal);
    private readonly SloBoard _slo;
    private readonly ResourceAwareSloPredictor _predictor;

    // Where managers said that they stand, and when.
    private readonly SortedDictionary<NodeId, (NetworkCoordinate Coordinate, Instant At)> _places = [];

    // Datacenters whose observations count.
    private readonly SortedSet<string> _observed = new(StringComparer.Ordinal);
    private Vivaldi _vivaldi;
    private NodeId _self;
    private long _incarnation;
    private long _toldRevision;
    private Instant _startedAt;
    private Instant _tellAt = Instant.Never;
    private Instant _tellSloAt = Instant.Never;

    public DatacenterRouting(Topology topology, GateConfig config, DatacenterBoard board)
    {
        (_topology, _config, _board) = (topology, config, board);
        foreach (var datacenter in topology.Datacenters)
        {
            _names.Add(datacenter.Name, DatacenterName.Of(datacenter.Name));
            _pressures.Add(datacenter.Name, new DatacenterPressure());
            foreach (var manager in datacenter.Managers) _circuits[manager] = new ManagerCircuit();
        }

        _capacity = new DatacenterCapacityAggregator(config.Capacity);
        _latencies = new ObservedLatencyTracker(config.Routing);
        _slo = new SloBoard(config.Slo);
        _predictor = new ResourceAwareSloPredictor(config.Slo);
        _router = new GateJobRouter(config.Capacity, config.Hysteresis, _latencies);
        _vivaldi = new Vivaldi(default, seed: 0);
    }

    /// <summary>When there is something to tell the other gates.</summary>
    public Instant NextDeadline => Instant.Sooner(_tellAt, _tellSloAt);

    public void Start(NodeId self, BootId boot, ulong seed, Instant now)
    {
        (_self, _incarnation, _startedAt) = (self, boot.Starts, now);
        _vivaldi = new Vivaldi(self, seed);
    }

    /// <summary>Takes a heartbeat that the board accepted; gives the echo of it.</summary>
    public Message.HeartbeatEchoed OnHeartbeat(NodeId from, Message.ManagerHeartbeat heartbeat, Instant now)
    {
        if (heartbeat.Coordinate is { IsValid: true } place)
        {
            _places[from] = (place, now);
            if (heartbeat.Rtt is { } rtt) _vivaldi.Observe(from, place, rtt);
        }

        SloStanding? standing = null;
        if (heartbeat.IsPrimary)
        {
            // Before what it tells takes the place of what the last one found.
            standing = _slo.StandingBefore(heartbeat.Datacenter, MarkOf(heartbeat), now);
            _capacity.Accept(
                new ManagerCapacity(
                    from, _names[heartbeat.Datacenter], heartbeat.View, heartbeat.Boot.Starts,
                    heartbeat.Version, heartbeat.CoresTotal, heartbeat.CoresFree, heartbeat.Capacity),
                now);
            NoteDebits(now);
            NoteSlo(heartbeat, now);
        }

        return new Message.HeartbeatEchoed(heartbeat.Boot, heartbeat.Version, _vivaldi.Own)
        {
            Slo = standing,
        };
    }

    /// <summary>Routes a new job.</summary>
    /// <param name="decayed">Datacenters of which what was observed has become too old since.</param>
    public RoutingDecision Route(JobSpec spec, Instant now, out IReadOnlyList<string> decayed)
    {
        decayed = TakeDecayed(now);
        var request = RequestOf(spec);
        return _router.RouteJob(request, ViewOf(request, isPreview: false, now), now);
    }

    /// <summary>What <see cref="Route"/> would decide; nothing is remembered.</summary>
    public RoutingDecision Preview(RoutingRequest request, Instant now) =>
        _router.Preview(request, ViewOf(request, isPreview: true, now), now);

    /// <summary>A command about a slot is really sent to its datacenter.</summary>
    /// <param name="isReservation">Else it is about a slot that the datacenter has.</param>
    /// <param name="sent">How often, this time included: none of those before was answered.</param>
    public void OnSending(
        SlotDispatch dispatch, DatacenterTopology datacenter, bool isReservation, int sent, Instant now)
    {
        if (sent > 1) OnUnanswered(_board.ManagerFor(datacenter, sent - 2), now);
        else if (isReservation) OnDispatched(dispatch, datacenter, now);
    }

    /// <summary>A command to the manager was not answered in time.</summary>
    public void OnUnanswered(NodeId manager, Instant now) => _circuits[manager].OnError(now);

    /// <summary>The datacenter has reserved what the slot needs.</summary>
    public void OnReserved(JobId job, int slot, Instant now)
    {
        _capacity.Admitted(job, slot, now);
        NoteDebits(now);
    }

    /// <summary>The manager answered, whatever it said.</summary>
    public void OnAnswered(NodeId manager, Instant now)
    {
        if (!_circuits.TryGetValue(manager, out var circuit)) return;
        circuit.OnAnswer();
        _board.OnAlive(manager, now);
    }

    /// <summary>The datacenter does not have the slot any more, without a result.</summary>
    /// <param name="isFailure">It did not answer; a refusal is an answer.</param>
    public void OnReleased(JobId job, int slot, string datacenter, bool isFailure, Instant now)
    {
        TakeBack(job, slot, now);
        if (!_names.TryGetValue(datacenter, out var name)) return;
        if (isFailure) _router.OnDispatchFailed(name, now);
        if (_dispatches.TryEnd(job, slot, name, out var dispatch) && isFailure)
            _latencies.Penalize(name, dispatch.Sequence, now);
    }

    /// <summary>The datacenter's result of the slot is in the ledger; what was learned of it, where
    /// anything was.</summary>
    public TelemetryEvent? OnReported(JobId job, int slot, string datacenter, SlotState state, Instant now)
    {
        TakeBack(job, slot, now);
        if (!_names.TryGetValue(datacenter, out var name)) return null;
        if (!_dispatches.TryEnd(job, slot, name, out var dispatch)) return null;
        return state switch
        {
            SlotState.Completed => Learned(
                name,
                _latencies.Observe(
                    name, dispatch.Sequence, now - dispatch.At, dispatch.Meant,
                    RttOf(datacenter), now),
                now),
            SlotState.Failed => Learned(name, _latencies.Penalize(name, dispatch.Sequence, now), now),
            _ => null,
        };
    }

    /// <summary>The job ended without a result of the slot.</summary>
    /// <param name="isTimeout">Its deadline passed, which is not to look fast.</param>
    public void OnEndedWithout(JobId job, int slot, string datacenter, bool isTimeout, Instant now)
    {
        TakeBack(job, slot, now);
        if (datacenter.Length > 0 && _names.TryGetValue(datacenter, out var name)
            && _dispatches.TryEnd(job, slot, name, out var dispatch) && isTimeout)
            _latencies.Penalize(name, dispatch.Sequence, now);
        else
            _dispatches.Forget(job, slot);
    }

    /// <summary>What another gate has dispatched; false when it was older than what is known.</summary>
    public bool Merge(DebitReport debits, Instant now) => _capacity.Merge(debits, now);

    /// <summary>What the other gates are to be told now; null when there is nothing new.</summary>
    public Message.DebitsTold? TakeDebits(Instant now)
    {
        if (_tellAt > now) return null;
        _tellAt = Instant.Never;
        var debits = _capacity.Debits(_self, _incarnation, now);
        _toldRevision = debits.Revision;
        return new Message.DebitsTold(debits);
    }

    private void OnDispatched(SlotDispatch dispatch, DatacenterTopology datacenter, Instant now)
    {
        _dispatches.Expire(now);
        var (job, slot, shape, deadline) = dispatch;
        var name = _names[datacenter.Name];
        _dispatches.Sent(job, slot, name, shape.Duration, deadline, now);
        _capacity.Dispatched(
            job, slot, name, _board.ManagerFor(datacenter, silences: 0), shape.CoresAtOnce, now);
        NoteDebits(now);
    }

    private void TakeBack(JobId job, int slot, Instant now)
    {
        _capacity.TakeBack(job, slot);
        NoteDebits(now);
    }

    private void NoteDebits(Instant now)
    {
        if (_topology.Gates.Count == 1) return;
        if (_capacity.DebitRevision != _toldRevision) _tellAt = Instant.Sooner(_tellAt, now + DebitInterval);
    }

    /// <summary>Null where no prediction says anything.</summary>
    private double? RttOf(string datacenter) =>
        RoutingView.IsBootstrapping(_vivaldi.Samples, _vivaldi.Own.Error)
            ? null
            : EstimateOf(_topology.Datacenter(datacenter)!)?.Rtt.RttMs;

    private List<string> TakeDecayed(Instant now)
    {
        List<string>? decayed = null;
        foreach (var name in _observed)
            if (_latencies.ConfidenceIn(_names[name], now) <= 0) (decayed ??= []).Add(name);
        if (decayed is null) return [];
        _observed.ExceptWith(decayed);
        return decayed;
    }

    private TelemetryEvent.LatencyObserved? Learned(
        DatacenterName name, ObservationVerdict verdict, Instant now)
    {
        if (verdict != ObservationVerdict.Accepted) return null;
        if (_config.Routing.IsEnabled) _observed.Add(name.Text);
        var datacenter = _topology.Datacenter(name.Text)!;
        var predicted = PredictedOf(datacenter, now)?.RttUcbMs ?? PredictedLatency.AbsentRttMs;
        var blended = _latencies.GetBlendedLatency(name, predicted, now);
        return new TelemetryEvent.LatencyObserved(
            name.Text, blended.ObservedMs, blended.BlendedMs, blended.Confidence, _latencies.SamplesIn(name));
    }

    public void CheckInvariants()
    {
        _capacity.CheckInvariants();
        _latencies.CheckInvariants();
        _dispatches.CheckInvariants();
        _router.CheckInvariants();
        foreach (var circuit in _circuits.Values) circuit.CheckInvariants();
        CheckDecisions();
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _capacity.AddTo(ref fingerprint);
        _latencies.AddTo(ref fingerprint);
        _dispatches.AddTo(ref fingerprint);
        _router.AddTo(ref fingerprint);
        _vivaldi.AddTo(ref fingerprint);
        foreach (var circuit in _circuits.Values) circuit.AddTo(ref fingerprint);
        foreach (var pressure in _pressures.Values) pressure.AddTo(ref fingerprint);
        foreach (var (manager, (_, at)) in _places)
        {
            fingerprint.Add(manager);
            fingerprint.Add(at);
        }

        fingerprint.Add(_incarnation);
        fingerprint.Add(_toldRevision);
        fingerprint.Add(_startedAt);
        fingerprint.Add(_tellAt);
        fingerprint.Add(_tellSloAt);
        _slo.AddTo(ref fingerprint);
    }
}

/// <summary>What is noted of a slot that is sent to a datacenter.</summary>
/// <param name="Deadline">Of the job.</param>
public readonly record struct SlotDispatch(JobId Job, int Slot, JobShape Shape, Instant Deadline);
