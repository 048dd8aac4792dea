using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Network;

/// <summary>How connections come and go.</summary>
public sealed partial class SimNetwork
{
    private static readonly Duration BackoffMin = Duration.FromMilliseconds(50);
    private static readonly Duration RetryMin = Duration.FromSeconds(1);
    private const int BackoffDoublingsMax = 5;

    private readonly List<(Connection Connection, Direction Direction)> _stalled = [];

    /// <summary>Blocks the way from one node to another until it is unblocked as often.</summary>
    public void Block(int from, int to) => PathOf(from, to).Blocks++;

    /// <summary>Whether nothing gets from one node to another.</summary>
    public bool IsBlocked(int from, int to) => PathOf(from, to).Blocks > 0;

    public void Unblock(int from, int to)
    {
        var path = PathOf(from, to);
        if (path.Blocks == 0 || --path.Blocks > 0) return;
        ResumeStalled();
    }

    /// <summary>From here on nothing goes wrong: no losses, no duplicates, nothing blocked.</summary>
    public void Heal()
    {
        _isHealed = true;
        foreach (var path in _paths) path.Blocks = 0;
        ResumeStalled();
    }

    /// <summary>Breaks the connection between two nodes; false when there is none.</summary>
    public bool Reset(int a, int b)
    {
        if (_open[(a * _nodes) + b] is not { IsEstablished: true } connection) return false;
        Reset(connection, a);
        return true;
    }

    /// <summary>A process ended: its connections are no more at its end. The machine of one that died alone
    /// tells the peers; with the machine nobody does.</summary>
    public void OnProcessEnded(int node, CrashExtent extent)
    {
        for (var peer = 0; peer < _nodes; peer++)
        {
            if (_open[(node * _nodes) + peer] is not { } connection) continue;
            _open[(node * _nodes) + peer] = null;
            connection.EndAt(node);
            if (!connection.IsEstablished)
            {
                connection.IsAbandoned = true;
                continue;
            }

            if (extent == CrashExtent.Machine || connection.IsOverAt(peer)) continue;
            var path = PathOf(node, peer);
            var farewell = _scheduler.Now + path.AsideLatency();
            farewell = Instant.Later(farewell, connection.DirectionFrom(node).LastArrival + Gap);
            _scheduler.At(farewell, new EndNoticed(this, connection, peer));
        }
    }

    /// <summary>A machine runs again: what its peers still try to send reaches it.</summary>
    public void OnMachineUp() => ResumeStalled();

    internal void OnConnectDue(Connection connection, int tries)
    {
        var (from, to) = (connection.Dialler, connection.Listener);
        if (connection.IsAbandoned || connection.LifeOf(from) != _ends.Life(from)) return;
        var isReachable = PathOf(from, to).Blocks == 0 && PathOf(to, from).Blocks == 0
            && _ends.IsMachineUp(to);
        if (isReachable && _ends.IsListening(to))
        {
            Establish(connection);
            return;
        }

        var wait = RetryMin * (1L << tries);
        if (isReachable || wait > _options.ConnectTimeout) FailToConnect(connection);
        else _scheduler.After(wait, new ConnectDue(this, connection, tries + 1));
    }

    internal void OnEndNoticed(Connection connection, int node)
    {
        if (connection.IsOverAt(node) || connection.LifeOf(node) != _ends.Life(node)) return;
        connection.EndAt(node);
        connection.DirectionFrom(node).IsCut = true;
        var peer = connection.PeerOf(node);
        if (_open[(node * _nodes) + peer] == connection) _open[(node * _nodes) + peer] = null;
        _coverage.Sometimes(Probe.ConnectionBroken);
        _ends.Post(node, new NodeInput.PeerLost(_names[peer]));
    }

    internal void OnStallLimit(Connection connection, Direction direction, Instant since)
    {
        if (!direction.IsStalled || direction.StalledSince != since) return;
        direction.IsStalled = false;
        direction.InFlight -= direction.Waiting.Count;
        direction.Waiting.Clear();
        _stalled.Remove((connection, direction));
        Break(connection, Duration.Zero, _options.StallLimit);
    }

    internal void OnResumed(Connection connection, Direction direction)
    {
        if (!direction.IsStalled) return;
        var path = direction.Waiting[0].Path;
        if (path.Blocks > 0 || !_ends.IsMachineUp(path.To)) return;
        _coverage.Sometimes(Probe.StalledConnectionResumed);
        direction.IsStalled = false;
        _stalled.Remove((connection, direction));
        var waiting = direction.Waiting.ToArray();
        direction.Waiting.Clear();
        direction.InFlight -= waiting.Length;
        foreach (var item in waiting)
        {
            if (direction.IsCut && !direction.Straggles) return;
            _scheduler.Mix(item.Bytes.Checksum);
            Arrive(connection, direction, item);
        }
    }

    private Connection Dial(int from, int to)
    {
        var path = PathOf(from, to);
        var connection = new Connection(((long)path.From << 48) | ((long)to << 32) | path.Dials++, from, to);
        connection.SetDiallerLife(_ends.Life(from));
        _open[(from * _nodes) + to] = connection;
        var back = PathOf(to, from);
        var roundTrip = path.AsideLatency() + back.AsideLatency();
        var start = Instant.Later(_scheduler.Now, path.NextConnect);
        _scheduler.At(start + roundTrip, new ConnectDue(this, connection, 0));
        return connection;
    }

    private void Establish(Connection connection)
    {
        var (from, to) = (connection.Dialler, connection.Listener);
        PathOf(from, to).ConnectFailures = 0;
        PathOf(from, to).NextConnect = _scheduler.Now;
        connection.Establish(_ends.Life(to));
        var other = _open[(to * _nodes) + from];
        _open[(to * _nodes) + from] = connection;
        if (other is { IsEstablished: true })
        {
            // The listener's end of an older connection was half-open: its peer gave it up long ago.
            _coverage.Sometimes(Probe.HalfOpenConnectionNoticed);
            OnEndNoticed(other, to);
        }

        foreach (var item in TakeWaiting(connection.FromDialler))
            Launch(connection, connection.FromDialler, item);
        if (other is not { IsEstablished: false }) return;

        // Both dialled: one connection is enough, and what waited for the other one takes this one.
        other.IsAbandoned = true;
        foreach (var item in TakeWaiting(other.FromDialler))
        {
            connection.FromListener.InFlight++;
            Launch(connection, connection.FromListener, item);
        }
    }

    private static InFlight[] TakeWaiting(Direction direction)
    {
        var waiting = direction.Waiting.ToArray();
        direction.Waiting.Clear();
        return waiting;
    }

    private void FailToConnect(Connection connection)
    {
        var (from, to) = (connection.Dialler, connection.Listener);
        _coverage.Sometimes(Probe.ConnectionRefused);
        var path = PathOf(from, to);
        path.NextConnect = _scheduler.Now + (BackoffMin * (1L << path.ConnectFailures));
        path.ConnectFailures = Math.Min(path.ConnectFailures + 1, BackoffDoublingsMax);
        _open[(from * _nodes) + to] = null;
        connection.IsAbandoned = true;
        var isLost = false;
        foreach (var item in TakeWaiting(connection.FromDialler))
        {
            // Only of calls the host says that they never left.
            if (item.Bytes.TryDecode(out var message) && message is Message.ClientCall)
            {
                _coverage.Sometimes(Probe.CallNeverLeft);
                _ends.Post(from, new NodeInput.SendFailed(_names[to], message));
            }
            else
            {
                isLost = true;
            }
        }

        if (isLost) _ends.Post(from, new NodeInput.PeerLost(_names[to]));
    }

    private void Reset(Connection connection, int node)
    {
        _coverage.Fired(FaultFamily.ConnectionLoss);
        var peer = connection.PeerOf(node);
        var path = PathOf(node, peer);
        Break(connection, Duration.Zero, path.AsideLatency());
    }

    /// <summary>A message of a stream got lost, so the stream has no future.</summary>
    private void LoseFrom(Connection connection, InFlight item)
    {
        var notice = item.Path.Wait(Fate.LossNotice, item.Number, _options.StallLimit);
        Break(connection, notice, notice * 2);
    }

    private void Break(Connection connection, Duration diallerNotice, Duration listenerNotice)
    {
        var path = PathOf(connection.Dialler, connection.Listener);
        var straggles = !_isHealed
            && path.Befalls(Fate.Straggle, connection.Id, _options.StragglerPerMillion);
        if (straggles) _coverage.Fired(FaultFamily.Reordering);
        foreach (var direction in new[] { connection.FromDialler, connection.FromListener })
        {
            direction.Straggles = straggles && !direction.IsCut;
            direction.IsCut = true;
        }

        _scheduler.After(diallerNotice, new EndNoticed(this, connection, connection.Dialler));
        _scheduler.After(listenerNotice, new EndNoticed(this, connection, connection.Listener));
    }

    private void Stall(Connection connection, Direction direction, InFlight item)
    {
        direction.Waiting.Add(item);
        if (direction.IsStalled) return;
        _coverage.Sometimes(Probe.ConnectionStalled);
        direction.IsStalled = true;
        direction.StalledSince = _scheduler.Now;
        _stalled.Add((connection, direction));
        _scheduler.After(
            _options.StallLimit, new StallLimitReached(this, connection, direction, _scheduler.Now));
    }

    private void ResumeStalled()
    {
        foreach (var (connection, direction) in _stalled)
        {
            var path = direction.Waiting[0].Path;
            if (path.Blocks > 0 || !_ends.IsMachineUp(path.To)) continue;
            _scheduler.After(path.AsideLatency(), new DirectionResumed(this, connection, direction));
        }
    }
}
