using System.Numerics;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Network;

/// <summary>The way from one node to another: what befalls the n-th message on it is drawn from (seed,
/// purpose, way, n), so messages of one way shift no draw of another.</summary>
public sealed class NetworkPath
{
    private const long Million = 1_000_000;
    private const int CalmDoublings = 3;

    private readonly NetworkOptions _options;
    private readonly ulong _latencySeed;
    private readonly ulong _asideSeed;
    private readonly ulong _fateSeed;
    private readonly long _base;
    private long _asides;

    public NetworkPath(int from, int to, string name, Duration least, ulong seed, NetworkOptions options)
    {
        From = from;
        To = to;
        _options = options;
        _base = least.Nanoseconds;
        _latencySeed = Rng.Draw(seed, "latency", name);
        _asideSeed = Rng.Draw(seed, "aside", name);
        _fateSeed = Rng.Draw(seed, "fate", name);
    }

    public int From { get; }

    public int To { get; }

    /// <summary>Partitions that block this way at the moment.</summary>
    public int Blocks { get; set; }

    /// <summary>Messages sent so far.</summary>
    public long Sent { get; private set; }

    /// <summary>Attempts to connect that failed since the last that did not.</summary>
    public int ConnectFailures { get; set; }

    public Instant NextConnect { get; set; } = Instant.Zero;

    /// <summary>Connections opened so far.</summary>
    public long Dials { get; set; }

    public long NextNumber() => Sent++;

    /// <summary>One-way time of the n-th message: at least the base, typically half as much again, with a
    /// tail that doubles ever more rarely.</summary>
    /// <param name="isCalm">The tail is short.</param>
    public Duration Latency(long n, bool isCalm) => LatencyOf(
        Rng.Mix(_latencySeed ^ (ulong)n),
        isCalm ? Math.Min(CalmDoublings, _options.TailDoublings) : _options.TailDoublings);

    /// <summary>One-way time of what is no message: a handshake, a reset.</summary>
    public Duration AsideLatency() => LatencyOf(
        Rng.Mix(_asideSeed ^ (ulong)_asides++), _options.TailDoublings);

    /// <summary>What is drawn for the n-th message and one of the things that may befall it.</summary>
    public ulong Draw(Fate fate, long n) =>
        Rng.Mix(_fateSeed ^ (ulong)(n << 3) ^ (ulong)fate);

    public bool Befalls(Fate fate, long n, int perMillion) =>
        perMillion > 0 && (long)(Draw(fate, n) % Million) < perMillion;

    /// <summary>A time in [0, limit) drawn for the n-th message.</summary>
    public Duration Wait(Fate fate, long n, Duration limit) => limit.Nanoseconds <= 0
        ? Duration.Zero
        : new Duration((long)(Draw(fate, n) % (ulong)limit.Nanoseconds));

    private Duration LatencyOf(ulong draw, int doublingsMax)
    {
        var doublings = Math.Min(BitOperations.TrailingZeroCount(draw), doublingsMax);
        var share = (long)(draw >> 48);
        return new Duration(_base + (((_base >> 1) * share >> 16) << doublings));
    }
}

/// <summary>What may befall a message; each has draws of its own.</summary>
public enum Fate : byte
{
    Loss,
    LossNotice,
    Duplicate,
    DuplicateDelay,
    Reorder,
    ReorderDelay,
    Corrupt,
    Straggle,
}
