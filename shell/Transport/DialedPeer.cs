using System.Net.Sockets;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Telemetry;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>A peer whose address is known: connected to once there is something to send, and again whenever
/// the connection is lost.</summary>
/// <remarks>While the peer cannot be reached, calls fail at once so that their callers can ask elsewhere;
/// other messages wait for a while.</remarks>
internal sealed class DialedPeer
{
    private readonly NodeId _peer;
    private readonly PeerAddress _address;
    private readonly TransportContext _context;
    private readonly SendQueue _queue;
    private readonly Backoff _backoff;
    private volatile bool _isUnreachable;
    private volatile bool _isClosed;
    private TimeSpan _wait;
    private long? _outageStarted;

    public DialedPeer(
        NodeId peer, PeerAddress address, TransportContext context)
    {
        _peer = peer;
        _address = address;
        _context = context;
        var options = context.Options;
        _queue = new SendQueue(options.QueueMessagesMax, options.QueueBytesMax);
        _backoff = new Backoff(options.BackoffMin, options.BackoffMax, Random.Shared.NextDouble);
    }

    /// <summary>Queues a message; a call that finds no way out fails at once.</summary>
    /// <returns>The queue, to be woken; null when the message is lost.</returns>
    public SendQueue? Enqueue(ReadOnlySpan<byte> payload, Message message)
    {
        var call = message as Message.ClientCall;
        var isLost = (call is not null && _isUnreachable) || !_queue.TryAdd(payload, message);
        if (isLost && call is not null) _context.Mailbox.Signal(new NodeInput.SendFailed(_peer, call));
        return isLost ? null : _queue;
    }

    /// <summary>The peer is alive: it has just connected here.</summary>
    public void OnSeen() => _backoff.Reset();

    /// <summary>Sends what is queued, as far as the peer can be reached, and ends.</summary>
    public void Close()
    {
        _isClosed = true;
        _queue.Close();
        _backoff.Reset();
    }

    public void Abort() => _queue.Abort();

    /// <summary>Connects and sends until closed; never throws.</summary>
    public async Task RunAsync(PeerHandshake handshake, CancellationToken cancellation)
    {
        try
        {
            while (await _queue.WaitAsync(cancellation))
            {
                // Who woke this has other things to do than to dial.
                await Task.Yield();
                if (await ServeAsync(handshake, cancellation)) continue;
                if (_isClosed) return;
                _isUnreachable = true;
                await _backoff.WaitAsync(_wait, _context.Time, cancellation);
                _isUnreachable = false;
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>One connection, from the dial to its end; false when the next one has to wait.</summary>
    private async Task<bool> ServeAsync(PeerHandshake handshake, CancellationToken cancellation)
    {
        _wait = _backoff.Next();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        if (!_context.Sockets.TryAdd(socket)) return false;
        using var frames = new FrameReader(socket);
        try
        {
            var greeting = await DialAsync(handshake, socket, frames, cancellation);
            if (greeting.Hello is { } hello) return await ServeAsync(socket, frames, hello, cancellation);
            OnUnreachable();
            return false;
        }
        finally
        {
            _context.Sockets.Close(socket);
        }
    }

    private async Task<Greeting> DialAsync(
        PeerHandshake handshake, Socket socket, FrameReader frames, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(_context.Options.HandshakeWithin, _context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            await socket.ConnectAsync(_address.Host, _address.Port, either.Token);
            SocketSettings.Apply(socket, _context.Options);
            var greeting = await handshake.DialAsync(socket, frames, _peer, either.Token);
            if (greeting.Hello is not null) return greeting;
            _context.Metrics.Refused();
            ShellLog.PeerRefused(
                _context.Logger, _context.Self, _peer.Name, _address.ToString(), greeting.Fault);
            return greeting;
        }
        catch (SocketException e)
        {
            return OnDialFailed(SocketFaults.Describe(e.SocketErrorCode));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return OnDialFailed(Greeting.Late(_context.Options.HandshakeWithin).Fault);
        }
        catch (ObjectDisposedException)
        {
            return OnDialFailed("closed by this node");
        }
    }

    private async Task<bool> ServeAsync(
        Socket socket, FrameReader frames, Hello hello, CancellationToken cancellation)
    {
        _outageStarted = null;
        var started = _context.Time.GetTimestamp();
        ShellLog.PeerConnected(_context.Logger, _context.Self, _peer, _address.ToString(), hello.Boot);
        _context.Metrics.Connected(1);
        var session = new PeerSession(socket, frames, _peer, _context);
        var reason = await session.RunAsync(_queue, cancellation);
        _context.Metrics.Connected(-1);
        ShellLog.PeerDisconnected(
            _context.Logger, _context.Self, _peer.Name, _address.ToString(), reason);
        _context.TellLost(_peer, _queue, session.HasSent);
        // A peer that hangs up soon is not asked again at once; one that was there for long is.
        if (_context.Time.GetElapsedTime(started) < _context.Options.BackoffMax) return false;
        _backoff.Reset();
        return true;
    }

    private Greeting OnDialFailed(string reason)
    {
        _context.Metrics.DialFailed();
        ShellLog.DialFailed(_context.Logger, _context.Self, _peer, _address.ToString(), reason, _wait);
        return new Greeting(null, _peer.Name, reason);
    }

    private void OnUnreachable()
    {
        _isUnreachable = true;
        var now = _context.Time.GetTimestamp();
        _outageStarted ??= now;
        var isOld = _context.Time.GetElapsedTime(_outageStarted.Value, now) >= _context.Options.KeepMax;
        if (isOld || _queue.HasCalls) _context.TellLost(_peer, _queue, mayHaveLeft: false);
    }
}
