using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Network;

/// <summary>A message of a stream reaches the end of its way.</summary>
internal sealed class StreamArrival(
    SimNetwork network, Connection connection, Direction direction, InFlight message, bool isStraggler)
    : SimEvent(message.Path.To)
{
    public Connection Connection => connection;

    public Direction Direction => direction;

    public InFlight Message => message;

    /// <summary>A copy, or what a broken connection still delivers: out of any order.</summary>
    public bool IsStraggler => isStraggler;

    public override ulong Identity =>
        (1UL << 60) | ((ulong)message.Path.From << 44) | ((ulong)Lane << 32) | message.Bytes.Checksum;

    public override void Fire() => network.OnStreamArrival(this);

    public override string ToString() => $"message {message.Number} from {message.Path.From} arrives";
}

internal sealed class DatagramArrival(SimNetwork network, InFlight message) : SimEvent(message.Path.To)
{
    public override ulong Identity =>
        (2UL << 60) | ((ulong)message.Path.From << 44) | ((ulong)Lane << 32) | message.Bytes.Checksum;

    public override void Fire() => network.OnDatagramArrival(message);

    public override string ToString() => $"datagram {message.Number} from {message.Path.From} arrives";
}

/// <summary>A connection attempt is answered, or not.</summary>
internal sealed class ConnectDue(SimNetwork network, Connection connection, int tries)
    : SimEvent(connection.Dialler)
{
    public override ulong Identity => (3UL << 60) | (ulong)connection.Id;

    public override void Fire() => network.OnConnectDue(connection, tries);

    public override string ToString() => $"connection {connection.Id} to {connection.Listener}";
}

/// <summary>An end learns that its connection is no more.</summary>
internal sealed class EndNoticed(SimNetwork network, Connection connection, int node) : SimEvent(node)
{
    public override ulong Identity => (4UL << 60) | ((ulong)Lane << 40) | (ulong)connection.Id;

    public override void Fire() => network.OnEndNoticed(connection, Lane);

    public override string ToString() => $"connection {connection.Id} is noticed to be broken";
}

/// <summary>A direction of a connection has carried nothing for as long as it may.</summary>
internal sealed class StallLimitReached(
    SimNetwork network, Connection connection, Direction direction, Instant since)
    : SimEvent(connection.Dialler)
{
    public override ulong Identity => (5UL << 60) | (ulong)connection.Id;

    public override void Fire() => network.OnStallLimit(connection, direction, since);

    public override string ToString() => $"connection {connection.Id} was stalled for too long";
}

/// <summary>What waited in a direction gets through again.</summary>
internal sealed class DirectionResumed(SimNetwork network, Connection connection, Direction direction)
    : SimEvent(connection.Listener)
{
    public override ulong Identity => (6UL << 60) | (ulong)connection.Id;

    public override void Fire() => network.OnResumed(connection, direction);

    public override string ToString() => $"connection {connection.Id} resumes";
}
