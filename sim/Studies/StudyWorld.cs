using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Studies;

/// <summary>One run of the study: events in order, and how long messages take.</summary>
internal sealed class StudyWorld
{
    private readonly EventHeap _events = new();
    private readonly Rng _network;
    private readonly StudyGate[] _gates;
    private readonly StudyDatacenter[] _datacenters;
    private long _sequence;
    private int _open;

    public StudyWorld(StudyModel model, RoutingPolicy policy)
    {
        Model = model;
        Log = new StudyLog(model);
        _network = Rng.Stream(model.Seed, "study-network");
        _datacenters = [.. StudyModel.Places.Select((_, place) => new StudyDatacenter(this, place))];
        _gates = [.. StudyModel.Cluster.Gates.Select((_, gate) => new StudyGate(this, gate, policy))];
    }

    public StudyModel Model { get; }

    public StudyLog Log { get; }

    public Instant Now { get; private set; } = Instant.Zero;

    public IReadOnlyList<StudyGate> Gates => _gates;

    public IReadOnlyList<StudyDatacenter> Datacenters => _datacenters;

    /// <summary>Runs until every job has ended.</summary>
    public void Run()
    {
        foreach (var datacenter in _datacenters) datacenter.Start();
        foreach (var job in Model.Arrivals())
        {
            _open++;
            At(job.At, "job comes", () => _gates[job.Gate].Submit(new StudyWork(job)));
        }

        PlanChanges();
        while (_open > 0)
        {
            var next = _events.Take(out var at);
            Now = at;
            next.Fire();
        }

        foreach (var gate in _gates) gate.CheckInvariants();
    }

    public void OnEnded() => _open--;

    public void At(Instant at, string name, Action fire) =>
        _events.Add(at, 0, ++_sequence, new PlainEvent(SimEvent.World, 0, name, fire));

    /// <summary>Something arrives after half a round trip and the jitter.</summary>
    public void Send(int rttMs, string name, Action arrive)
    {
        var percent = 100 + _network.Below(StudyModel.JitterPercent + 1);
        At(Now + (Duration.FromMicroseconds(rttMs * 5) * percent), name, arrive);
    }

    private void PlanChanges()
    {
        var affected = _datacenters[StudyModel.Affected];
        if (Model.Scenario is RoutingScenario.Slow or RoutingScenario.Heal)
            At(Model.ChangeAt, "slow", () => affected.OwnFactor = 3);
        if (Model.Scenario == RoutingScenario.Heal) At(Model.HealAt, "heal", () => affected.OwnFactor = 1);
        if (Model.Scenario == RoutingScenario.Failing) At(Model.ChangeAt, "die", affected.Die);
    }
}
