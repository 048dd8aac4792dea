using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Network;

/// <summary>A stream between two processes: ordered and at most once while it lasts.</summary>
/// <remarks>Each end has its own view of whether it lasts: what is sent into a connection that is broken and
/// not yet known to be is lost.</remarks>
public sealed class Connection(long id, int dialler, int listener)
{
    private readonly int[] _lives = new int[2];
    private readonly bool[] _isOver = new bool[2];

    public long Id { get; } = id;

    public int Dialler { get; } = dialler;

    public int Listener { get; } = listener;

    public bool IsEstablished { get; private set; }

    /// <summary>Given up before it was established.</summary>
    public bool IsAbandoned { get; set; }

    public Direction FromDialler { get; } = new();

    public Direction FromListener { get; } = new();

    public Direction DirectionFrom(int node) => node == Dialler ? FromDialler : FromListener;

    public int PeerOf(int node) => node == Dialler ? Listener : Dialler;

    /// <summary>The life of the process at this end.</summary>
    public int LifeOf(int node) => _lives[node == Dialler ? 0 : 1];

    public void SetDiallerLife(int life) => _lives[0] = life;

    public void Establish(int listenerLife)
    {
        IsEstablished = true;
        _lives[1] = listenerLife;
    }

    /// <summary>Whether the end knows that the connection is no more.</summary>
    public bool IsOverAt(int node) => _isOver[node == Dialler ? 0 : 1];

    public void EndAt(int node) => _isOver[node == Dialler ? 0 : 1] = true;
}

/// <summary>One direction of a connection.</summary>
public sealed class Direction
{
    /// <summary>Messages that wait: for the connection, or behind one that does not get through.</summary>
    public List<InFlight> Waiting { get; } = [];

    /// <summary>Sent and not yet arrived, those waiting included.</summary>
    public int InFlight { get; set; }

    public Instant LastArrival { get; set; } = Instant.Zero;

    /// <summary>What is in flight gets lost.</summary>
    public bool IsCut { get; set; }

    /// <summary>Nothing gets through at the moment.</summary>
    public bool IsStalled { get; set; }

    public Instant StalledSince { get; set; } = Instant.Zero;

    /// <summary>What was in flight when it was cut still arrives, behind what a successor carries.</summary>
    public bool Straggles { get; set; }
}

/// <summary>One message on its way.</summary>
/// <param name="Number">Its number on the path.</param>
public sealed record InFlight(NetworkPath Path, long Number, MessageBytes Bytes);
