using System.Net.Sockets;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>Socket errors in the words of the log.</summary>
internal static class SocketFaults
{
    public static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset or SocketError.Shutdown => "connection reset",
        SocketError.ConnectionAborted or SocketError.OperationAborted => "closed by this node",
        SocketError.TimedOut => "the peer confirms nothing",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "host unreachable",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "name not resolved",
        SocketError.AddressAlreadyInUse => "the address is in use",
        SocketError.AddressNotAvailable => "this machine does not have the address",
        SocketError.AccessDenied => "the system does not allow it",
        SocketError.TooManyOpenSockets => "too many open sockets",
        _ => error.ToString(),
    };
}
