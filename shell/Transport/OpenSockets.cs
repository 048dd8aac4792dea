using System.Net.Sockets;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>Every connection of a transport, from its first byte to its last, so that all can be cut at
/// once.</summary>
internal sealed class OpenSockets
{
    private readonly object _gate = new();
    private readonly HashSet<Socket> _sockets = [];
    private TaskCompletionSource? _onEmpty;
    private bool _isAborted;

    public int Count
    {
        get
        {
            lock (_gate) return _sockets.Count;
        }
    }

    /// <summary>Takes charge of a socket; false, with the socket closed, after <see cref="Abort"/>.</summary>
    public bool TryAdd(Socket socket)
    {
        lock (_gate)
        {
            if (!_isAborted)
            {
                _sockets.Add(socket);
                return true;
            }
        }

        Cut(socket);
        return false;
    }

    /// <summary>Closes a socket and lets go of it.</summary>
    public void Close(Socket socket)
    {
        socket.Dispose();
        lock (_gate)
        {
            if (_sockets.Remove(socket) && _sockets.Count == 0) _onEmpty?.TrySetResult();
        }
    }

    /// <summary>Cuts every connection, those to come included: on return no byte leaves any more. Each still
    /// counts until it is closed.</summary>
    public void Abort()
    {
        lock (_gate)
        {
            _isAborted = true;
            foreach (var socket in _sockets) Cut(socket);
        }
    }

    /// <summary>Ends once the last socket is closed.</summary>
    public Task EmptyAsync()
    {
        lock (_gate)
        {
            if (_sockets.Count == 0) return Task.CompletedTask;
            _onEmpty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _onEmpty.Task;
        }
    }

    // What the system still holds to be sent is dropped too.
    private static void Cut(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        // It was never connected, is not any more, or is closed already.
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }

        socket.Dispose();
    }
}
