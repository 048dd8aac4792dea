using System.Net;
using System.Net.Sockets;

namespace Hyperscale.Det.Benchmarks;

internal static class FreePorts
{
    // Below the ports that the system gives to outgoing connections, so that a process finds its own again
    // after a restart.
    private const int Min = 16_384;
    private const int Max = 32_767;
    private const int TriesMax = 10_000;

    /// <summary>Ports of loopback that are free for TCP and for UDP; somebody may take one before its use.
    /// </summary>
    public static int[] Take(int count)
    {
        var ports = new List<int>();
        for (var tries = 0; ports.Count < count; tries++)
        {
            if (tries == TriesMax) throw new InvalidOperationException("loopback has no free ports");
            var port = Random.Shared.Next(Min, Max + 1);
            if (!ports.Contains(port) && IsFree(port)) ports.Add(port);
        }

        return [.. ports];
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var stream = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            stream.Bind(new IPEndPoint(IPAddress.Loopback, port));
            datagrams.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
