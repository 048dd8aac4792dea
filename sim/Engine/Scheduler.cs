using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>Virtual time and what is to happen in it; one thread, no clock.</summary>
/// <remarks>Ties at one instant are broken by a draw keyed by the lane and its own count, so that races are
/// explored and one lane's events shift no draw of another lane.</remarks>
public sealed class Scheduler
{
    /// <summary>Events between two checkpoints of the hash.</summary>
    public const int CheckpointEvery = 4096;

    private readonly EventHeap _heap = new();
    private readonly ulong[] _laneSeeds;
    private readonly ulong[] _laneCounts;
    private readonly List<ulong> _checkpoints = [];
    private Fingerprint _hash;
    private long _sequence;

    /// <param name="lanes">Number of nodes.</param>
    public Scheduler(ulong seed, int lanes)
    {
        _laneSeeds = new ulong[lanes + 1];
        _laneCounts = new ulong[lanes + 1];
        for (var lane = 0; lane <= lanes; lane++)
            _laneSeeds[lane] = Rng.Draw(seed, "tie", "", (ulong)lane);
    }

    /// <summary>The instant of the event that happens, on the world's own clock.</summary>
    public Instant Now { get; private set; } = Instant.Zero;

    /// <summary>Events that have happened.</summary>
    public long Events { get; private set; }

    public int Pending => _heap.Count;

    public Instant Next => _heap.Next;

    /// <summary>The identity of the run so far.</summary>
    public ulong Hash => _hash.Value;

    /// <summary>The hash after every <see cref="CheckpointEvery"/> events.</summary>
    public IReadOnlyList<ulong> Checkpoints => _checkpoints;

    public void At(Instant at, SimEvent simEvent)
    {
        Invariant.Holds(at >= Now);
        var lane = simEvent.Lane + 1;
        _heap.Add(at, Rng.Mix(_laneSeeds[lane] ^ _laneCounts[lane]++), _sequence++, simEvent);
    }

    public void After(Duration wait, SimEvent simEvent) => At(Now + wait, simEvent);

    /// <summary>Moves to the next event and takes it; null when nothing is left.</summary>
    public SimEvent? Take()
    {
        if (_heap.Count == 0) return null;
        var next = _heap.Take(out var at);
        Now = at;
        Events++;
        _hash.Add(at);
        _hash.Add(next.Identity);
        if (Events % CheckpointEvery == 0) _checkpoints.Add(_hash.Value);
        return next;
    }

    /// <summary>Nothing happens until then.</summary>
    public void PassTo(Instant until)
    {
        Invariant.Holds(until <= Next);
        Now = Instant.Later(Now, until);
    }

    /// <summary>Mixes something that is no event of its own into the run's identity.</summary>
    public void Mix(ulong value) => _hash.Add(value);
}
