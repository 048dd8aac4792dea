using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

public enum VivaldiVerdict : byte
{
    Accepted,

    /// <summary>The peer's coordinate is not finite, or out of bounds.</summary>
    InvalidCoordinate,

    /// <summary>Not above zero, or above ten seconds.</summary>
    RttOutOfRange,

    /// <summary>There are as many peers as are kept.</summary>
    TooManyPeers,
}

/// <summary>Learns this node's network coordinate from round trips to others (AD-35): Vivaldi with height,
/// adjustment and gravity.</summary>
/// <remarks>Only sums, products, quotients and square roots, so that it is bit for bit the same on every
/// machine. Sources: Dabek et al., "Vivaldi" (2004); Ledlie et al., "Network coordinates in the wild"
/// (2007).</remarks>
public sealed class Vivaldi
{
    public const int PeersMax = SwimFields.UpdatesMax;

    private const double PositionGain = 0.25;
    private const double ErrorGain = 0.25;

    // The first round trips say most about where a node is: its n-th moves it by 10/n of the way, as far as
    // its error beside the other's bears it out, and never by more than all of it.
    private const double EarlySamples = 10;

    // A millisecond or two off matters to nobody, but would be all of a round trip within a building: errors
    // are relative to no less than this.
    private const double ErrorScaleMinMs = 10;

    // Of the distance from the origin, and with the weight of the sample that pulls along: it keeps the whole
    // from drifting and hardly bends it.
    private const double Gravity = 0.01;
    private const double InitialError = 1;
    private const double HeightMinMs = 0.01;
    private const double CoincidentMs = 0.001;
    private const int FilterLength = 5;
    private const int AdjustmentWindow = 20;

    private static readonly Duration RttMax = Duration.FromSeconds(10);

    private readonly SortedDictionary<NodeId, List<long>> _lastRtts = [];
    private readonly double[] _axes = new double[NetworkCoordinate.Dimensions];
    private readonly double[] _adjustments = new double[AdjustmentWindow];
    private readonly Rng _rng;
    private double _height = HeightMinMs;
    private double _error = InitialError;
    private int _adjustmentAt;

    public Vivaldi(NodeId self, ulong seed)
    {
        _rng = Rng.Stream(seed, "vivaldi", self.Name);
        Own = Coordinate();
    }

    /// <summary>Where this node stands.</summary>
    public NetworkCoordinate Own { get; private set; }

    /// <summary>Round trips that it rests on.</summary>
    public long Samples { get; private set; }

    /// <summary>Takes a measured round trip to a peer and where that peer says it stands.</summary>
    public VivaldiVerdict Observe(NodeId peer, NetworkCoordinate theirs, Duration rtt)
    {
        if (!theirs.IsValid) return VivaldiVerdict.InvalidCoordinate;
        if (rtt <= Duration.Zero || rtt > RttMax) return VivaldiVerdict.RttOutOfRange;
        if (!_lastRtts.TryGetValue(peer, out var last))
        {
            if (_lastRtts.Count == PeersMax) return VivaldiVerdict.TooManyPeers;
            _lastRtts.Add(peer, last = new List<long>(FilterLength));
        }

        if (last.Count == FilterLength) last.RemoveAt(0);
        last.Add(rtt.Nanoseconds);
        var rttMs = Median(last) / 1_000_000.0;
        Pull(theirs, rttMs);
        Adjust(theirs, rttMs);
        Samples++;
        Own = Coordinate();
        Invariant.Holds(Own.IsValid);
        return VivaldiVerdict.Accepted;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Samples);
        fingerprint.Add(_height);
        fingerprint.Add(_error);
        fingerprint.Add((long)_adjustmentAt);
        foreach (var axis in _axes) fingerprint.Add(axis);
        foreach (var adjustment in _adjustments) fingerprint.Add(adjustment);
        foreach (var (peer, last) in _lastRtts)
        {
            fingerprint.Add(peer);
            foreach (var rtt in last) fingerprint.Add(rtt);
        }

        _rng.AddTo(ref fingerprint);
    }

    /// <summary>Moves as a spring between the two would, the farther the less this node knows and the more
    /// the peer does.</summary>
    private void Pull(NetworkCoordinate theirs, double rttMs)
    {
        var distance = Own.DistanceTo(theirs);
        var weight = _error / (_error + theirs.Error);
        var wrong = Math.Abs(distance - rttMs) / Math.Max(rttMs, ErrorScaleMinMs);
        _error = Math.Clamp(
            (wrong * ErrorGain * weight) + (_error * (1 - (ErrorGain * weight))),
            NetworkCoordinate.ErrorMin,
            NetworkCoordinate.ErrorMax);

        var gain = Math.Max(PositionGain, Math.Min(1, EarlySamples / (Samples + 1))) * weight;
        var force = gain * (rttMs - distance);
        Span<double> direction = stackalloc double[NetworkCoordinate.Dimensions];
        var apart = DirectionFrom(theirs, direction);
        for (var i = 0; i < direction.Length; i++)
        {
            var axis = (_axes[i] * (1 - (gain * Gravity))) + (force * direction[i]);
            _axes[i] = Math.Clamp(axis, -NetworkCoordinate.RttMaxMs, NetworkCoordinate.RttMaxMs);
        }

        if (apart < CoincidentMs) return;
        var height = _height + ((_height + theirs.Height) * force / apart);
        _height = Math.Clamp(height, HeightMinMs, NetworkCoordinate.RttMaxMs);
    }

    /// <summary>The unit vector away from the peer and how far apart the two are; a drawn one where they
    /// coincide, or nothing would ever part them.</summary>
    private double DirectionFrom(NetworkCoordinate theirs, Span<double> direction)
    {
        for (var i = 0; i < direction.Length; i++) direction[i] = _axes[i] - theirs.Axes[i];
        var apart = LengthOf(direction);
        var length = apart;
        while (length < CoincidentMs)
        {
            for (var i = 0; i < direction.Length; i++) direction[i] = _rng.Between(-1_000_000, 1_000_000);
            length = LengthOf(direction);
        }

        for (var i = 0; i < direction.Length; i++) direction[i] /= length;
        return apart;
    }

    private void Adjust(NetworkCoordinate theirs, double rttMs)
    {
        _adjustments[_adjustmentAt] = rttMs - Coordinate().RawDistanceTo(theirs);
        _adjustmentAt = (_adjustmentAt + 1) % AdjustmentWindow;
    }

    private NetworkCoordinate Coordinate()
    {
        var sum = 0.0;
        foreach (var adjustment in _adjustments) sum += adjustment;
        var mean = Math.Clamp(
            sum / (2 * AdjustmentWindow), -NetworkCoordinate.RttMaxMs, NetworkCoordinate.RttMaxMs);
        return new NetworkCoordinate([.. _axes], _height, mean, _error);
    }

    private static double LengthOf(ReadOnlySpan<double> vector)
    {
        var sum = 0.0;
        foreach (var part in vector) sum += part * part;
        return Math.Sqrt(sum);
    }

    private static long Median(List<long> values)
    {
        List<long> sorted = [.. values];
        sorted.Sort();
        return sorted[(sorted.Count - 1) / 2];
    }
}
