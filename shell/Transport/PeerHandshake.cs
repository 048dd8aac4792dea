using System.Net.Sockets;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>The first frame of each direction of a connection: both ends say who they are, each judges the
/// other.</summary>
internal sealed class PeerHandshake
{
    private readonly Handshake _judge;
    private readonly byte[] _hello;

    public PeerHandshake(Hello own, IReadOnlyList<ClusterMember> members)
    {
        _judge = new Handshake(own, members);
        var payload = own.Encode();
        _hello = new byte[Frame.HeaderBytes + payload.Length];
        Frame.Write(payload, _hello);
    }

    /// <summary>Introduces this node to a peer that it dialed; no hello, and why, when they do not belong
    /// together.</summary>
    public async Task<Greeting> DialAsync(
        Socket socket, FrameReader frames, NodeId expected, CancellationToken cancellation)
    {
        await socket.SendAsync(_hello, cancellation);
        return await frames.NextAsync(Hello.BytesMax, cancellation) is { } payload
            ? Judge(payload.Span, expected)
            : new Greeting(null, "?", frames.End);
    }

    /// <summary>Hears who connected and answers, so that one who is refused learns why as well.</summary>
    public async Task<Greeting> AcceptAsync(
        Socket socket, FrameReader frames, CancellationToken cancellation)
    {
        if (await frames.NextAsync(Hello.BytesMax, cancellation) is not { } payload)
            return new Greeting(null, "?", frames.End);
        var greeting = Judge(payload.Span, null);
        await socket.SendAsync(_hello, cancellation);
        return greeting;
    }

    private Greeting Judge(ReadOnlySpan<byte> payload, NodeId? expected)
    {
        if (!Hello.TryDecode(payload, out var peer, out var fault)) return new Greeting(null, "?", fault);
        return _judge.Refusal(peer, expected) is { } refusal
            ? new Greeting(null, peer.Node.Name, refusal)
            : new Greeting(peer, peer.Node.Name, "");
    }
}

/// <summary>How a handshake ended.</summary>
/// <param name="Hello">Of a peer that is welcome; null where the connection must not be used.</param>
/// <param name="Name">Who the peer says it is; a question mark where it did not say.</param>
internal sealed record Greeting(Hello? Hello, string Name, string Fault)
{
    public static Greeting Late(TimeSpan within) =>
        new(null, "?", $"no hello within {within.TotalSeconds:0.#} s");
}
