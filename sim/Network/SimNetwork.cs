using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Sim.Network;

/// <summary>Carries bytes between processes as sockets do.</summary>
/// <remarks>Streams: within one connection messages arrive in order and at most once, or the connection
/// breaks and its ends are told, each in its own time. Two things are worse than TCP, both only as a fault:
/// <see cref="FaultFamily.Duplication"/> delivers a message of a stream again, and
/// <see cref="FaultFamily.Reordering"/> lets what a broken connection carried arrive behind what its
/// successor carries. Datagrams may be lost, doubled and overtaken at any time.</remarks>
public sealed partial class SimNetwork
{
    // Loopback and reading a frame still take a moment; two messages of a stream never arrive at once.
    private static readonly Duration Gap = Duration.FromNanoseconds(1);

    private readonly Scheduler _scheduler;
    private readonly NetworkOptions _options;
    private readonly INetworkEnds _ends;
    private readonly IReadOnlyList<NodeId> _names;
    private readonly CoverageBoard _coverage;
    private readonly NetworkPath[] _paths;
    private readonly Connection?[] _open;
    private readonly SortedDictionary<(int From, int To, long Number), DeliveryOverride> _overrides = [];
    private readonly FieldWriter _writer = new();
    private readonly int _nodes;
    private bool _isHealed;

    /// <param name="sites">The datacenter of each node, by place.</param>
    public SimNetwork(
        Scheduler scheduler,
        Plan plan,
        IReadOnlyList<NodeId> names,
        IReadOnlyList<int> sites,
        INetworkEnds ends,
        CoverageBoard coverage)
    {
        (_scheduler, _options) = (scheduler, plan.Options.Network);
        (_ends, _names, _coverage) = (ends, names, coverage);
        _nodes = names.Count;
        _paths = new NetworkPath[_nodes * _nodes];
        _open = new Connection?[_nodes * _nodes];
        for (var from = 0; from < _nodes; from++)
        {
            for (var to = 0; to < _nodes; to++)
            {
                var least = LeastLatency(plan, sites[from], sites[to]);
                _paths[(from * _nodes) + to] = new NetworkPath(
                    from, to, $"{names[from]}>{names[to]}", least, plan.Seed, _options);
            }
        }

        foreach (var change in plan.Overrides)
            _overrides[(PlaceOf(change.From), PlaceOf(change.To), change.Number)] = change;
    }

    /// <summary>Most messages that one direction of one connection ever held.</summary>
    public int InFlightMax { get; private set; }

    public long MessagesSent { get; private set; }

    public long BytesSent { get; private set; }

    /// <summary>Sends over the stream to a peer; opens a connection where there is none.</summary>
    public void Send(int from, int to, Message message)
    {
        Invariant.Holds(from != to);
        var item = Encode(PathOf(from, to), message);
        var connection = _open[(from * _nodes) + to] ?? Dial(from, to);
        var direction = connection.DirectionFrom(from);
        if (direction.InFlight >= _options.QueueMax)
        {
            // The sender's queue is full: what does not fit is lost, and the sender is told.
            _ends.Post(from, new NodeInput.PeerLost(_names[to]));
            return;
        }

        direction.InFlight++;
        InFlightMax = Math.Max(InFlightMax, direction.InFlight);
        if (connection.IsEstablished) Launch(connection, direction, item);
        else direction.Waiting.Add(item);
    }

    /// <summary>Sends one datagram.</summary>
    public void SendDatagram(int from, int to, Message message)
    {
        var item = Encode(PathOf(from, to), message);
        Invariant.Holds(item.Bytes.Length <= Frame.DatagramBytesMax);
        var (path, n) = (item.Path, item.Number);
        var change = Override(item);
        if (Befalls(item, Fate.Loss, _options.LossPerMillion) || change?.Lose == true)
        {
            _coverage.Fired(FaultFamily.Loss);
            _coverage.Sometimes(Probe.MessageLost);
            return;
        }

        var arrival = _scheduler.Now + path.Latency(n, _isHealed) + (change?.Delay ?? Duration.Zero);
        if (Befalls(item, Fate.Reorder, _options.ReorderPerMillion))
        {
            arrival += path.Wait(Fate.ReorderDelay, n, _options.ReorderBy);
            _coverage.Fired(FaultFamily.Reordering);
            _coverage.Sometimes(Probe.DatagramReordered);
        }

        _scheduler.At(arrival, new DatagramArrival(this, item));
        if (Doubles(item, change))
            _scheduler.At(arrival + DuplicateDelay(item), new DatagramArrival(this, item));
    }

    internal void OnDatagramArrival(InFlight item)
    {
        if (item.Path.Blocks > 0 || !_ends.IsListening(item.Path.To)) return;
        if (!TryDecode(item, out var message)) return;
        _ends.Post(item.Path.To, new NodeInput.Received(_names[item.Path.From], message));
    }

    internal void OnStreamArrival(StreamArrival arrival)
    {
        var (connection, direction, item) = (arrival.Connection, arrival.Direction, arrival.Message);
        if (arrival.IsStraggler)
        {
            if (Reaches(connection, item)) Deliver(connection, item);
            return;
        }

        if (direction.IsCut && !direction.Straggles)
        {
            direction.InFlight--;
            return;
        }

        if (direction.IsStalled || item.Path.Blocks > 0 || !_ends.IsMachineUp(item.Path.To))
        {
            Stall(connection, direction, item);
            return;
        }

        direction.InFlight--;
        if (direction.IsCut && _open[(item.Path.To * _nodes) + item.Path.From] != connection)
            _coverage.Sometimes(Probe.StragglerDelivered);
        Arrive(connection, direction, item);
    }

    private void Arrive(Connection connection, Direction direction, InFlight item)
    {
        if (Reaches(connection, item))
        {
            Deliver(connection, item);
            return;
        }

        // The process it was meant for is gone, and its machine says so.
        direction.IsCut = true;
        var back = PathOf(item.Path.To, item.Path.From);
        _scheduler.After(back.AsideLatency(), new EndNoticed(this, connection, item.Path.From));
    }

    private void Deliver(Connection connection, InFlight item)
    {
        if (TryDecode(item, out var message))
            _ends.Post(item.Path.To, new NodeInput.Received(_names[item.Path.From], message));
        else
            Reset(connection, item.Path.To);
    }

    private bool Reaches(Connection connection, InFlight item) =>
        _ends.IsListening(item.Path.To) && connection.LifeOf(item.Path.To) == _ends.Life(item.Path.To);

    private void Launch(Connection connection, Direction direction, InFlight item)
    {
        if (direction.IsCut)
        {
            direction.InFlight--;
            return;
        }

        var change = Override(item);
        if (Befalls(item, Fate.Loss, _options.LossPerMillion) || change?.Lose == true)
        {
            direction.InFlight--;
            _coverage.Fired(FaultFamily.Loss);
            _coverage.Sometimes(Probe.MessageLost);
            LoseFrom(connection, item);
            return;
        }

        var arrival = _scheduler.Now + item.Path.Latency(item.Number, _isHealed);
        arrival += change?.Delay ?? Duration.Zero;
        arrival = Instant.Later(arrival, direction.LastArrival + Gap);
        direction.LastArrival = arrival;
        _scheduler.At(arrival, new StreamArrival(this, connection, direction, item, isStraggler: false));
        if (!Doubles(item, change)) return;
        var again = arrival + DuplicateDelay(item);
        _scheduler.At(again, new StreamArrival(this, connection, direction, item, isStraggler: true));
    }

    private InFlight Encode(NetworkPath path, Message message)
    {
        var bytes = MessageBytes.Of(message, _writer);
        MessagesSent++;
        BytesSent += bytes.Length;
        var number = path.NextNumber();
        if (!_isHealed && path.Befalls(Fate.Corrupt, number, _options.CorruptPerMillion))
        {
            _coverage.Fired(FaultFamily.Corruption);
            bytes = bytes.Corrupted(path.Draw(Fate.Corrupt, number));
        }

        return new InFlight(path, number, bytes);
    }

    private bool TryDecode(InFlight item, out Message message)
    {
        if (item.Bytes.TryDecode(out message!)) return true;
        _coverage.Sometimes(Probe.CorruptFrameRefused);
        return false;
    }

    private bool Doubles(InFlight item, DeliveryOverride? change)
    {
        var doubles = Befalls(item, Fate.Duplicate, _options.DuplicatePerMillion);
        if (!doubles && change?.Duplicate != true) return false;
        _coverage.Fired(FaultFamily.Duplication);
        _coverage.Sometimes(Probe.MessageDuplicated);
        return true;
    }

    private Duration DuplicateDelay(InFlight item) =>
        item.Path.Wait(Fate.DuplicateDelay, item.Number, _options.ReorderBy);

    private bool Befalls(InFlight item, Fate fate, int perMillion) =>
        !_isHealed && item.Path.Befalls(fate, item.Number, perMillion);

    private DeliveryOverride? Override(InFlight item) => _overrides.Count == 0
        ? null
        : _overrides.GetValueOrDefault((item.Path.From, item.Path.To, item.Number));

    private NetworkPath PathOf(int from, int to) => _paths[(from * _nodes) + to];

    private int PlaceOf(string name)
    {
        for (var place = 0; place < _nodes; place++)
            if (_names[place].Name == name) return place;
        throw new ArgumentException($"'{name}' is no node of this world", nameof(name));
    }

    /// <summary>Each pair of datacenters has its own distance.</summary>
    private static Duration LeastLatency(Plan plan, int from, int to)
    {
        var options = plan.Options.Network;
        if (from == to) return options.LocalLatency;
        var pair = (ulong)((Math.Min(from, to) << 16) | Math.Max(from, to));
        return Rng.Stream(plan.Seed, "distance", "", pair)
            .Between(options.WanLatencyMin, options.WanLatencyMax);
    }
}
