using System.Net.Sockets;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>Names for what can go wrong with a request: few, and free of addresses and times, so that equal
/// errors count together.</summary>
internal static class RequestErrors
{
    public static string KindOf(Exception error)
    {
        for (var cause = error; cause is not null; cause = cause.InnerException)
            if (cause is SocketException socket) return KindOf(socket.SocketErrorCode);
        var kind = error switch
        {
            HttpRequestException request => request.HttpRequestError,
            HttpIOException body => body.HttpRequestError,
            _ => HttpRequestError.Unknown,
        };
        return kind switch
        {
            HttpRequestError.NameResolutionError => "name not resolved",
            HttpRequestError.ConnectionError => "connection failed",
            HttpRequestError.SecureConnectionError => "tls failed",
            HttpRequestError.ResponseEnded => "connection closed",
            HttpRequestError.InvalidResponse => "invalid response",
            HttpRequestError.HttpProtocolError => "protocol error",
            HttpRequestError.ConfigurationLimitExceeded => "response too large",
            _ => "request failed",
        };
    }

    private static string KindOf(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset or SocketError.Shutdown => "connection reset",
        SocketError.ConnectionAborted => "connection aborted",
        SocketError.TimedOut => "connection timed out",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "host unreachable",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "name not resolved",
        SocketError.AddressNotAvailable => "no local port free",
        SocketError.TooManyOpenSockets => "too many open sockets",
        _ => "connection failed",
    };
}
