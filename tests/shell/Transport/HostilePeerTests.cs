using System.Text;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;

namespace Hyperscale.Det.Tests.Shell.Transport;

/// <summary>Whoever connects and is not a peer, or is none any more, is shut out with a reason, and the node
/// goes on.</summary>
public sealed class HostilePeerTests : IAsyncLifetime
{
    private static readonly NodeId Unknown = NodeId.Of("manager-9");

    private readonly TestPeer _manager = TestPeer.Listening(TestPeer.Manager, NodeRole.Manager);

    public static TheoryData<string, string> Strangers { get; } = new()
    {
        { "cluster", "worker 'worker-1' is of cluster 'other'; only nodes of 'test' are allowed" },
        { "version", "the peer speaks protocol 9.0; 1.x is allowed" },
        { "role", "client 'worker-1' may not speak with a manager" },
        { "own id", "manager 'manager-1' uses this node's own id" },
        { "unknown manager", "manager 'manager-9' is unknown; manager-1 are configured" },
        { "datacenter", "worker 'worker-1' is of datacenter 'dc-b'; only nodes of 'dc-a' are allowed" },
        { "no hello", "the first frame is no hello" },
    };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _manager.DisposeAsync();

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task A_stranger_is_refused_and_hears_who_refuses_it(string what, string reason)
    {
        var hello = RawPeer.Welcome;
        var payload = what switch
        {
            "cluster" => (hello with { ClusterId = "other" }).Encode(),
            "version" => (hello with { Version = new ProtocolVersion(9, 0) }).Encode(),
            "role" => (hello with { Role = NodeRole.Client }).Encode(),
            "own id" => (hello with { Role = NodeRole.Manager, Node = TestPeer.Manager }).Encode(),
            "unknown manager" => (hello with { Role = NodeRole.Manager, Node = Unknown }).Encode(),
            "datacenter" => (hello with { Datacenter = "dc-b" }).Encode(),
            _ => "anything else"u8.ToArray(),
        };
        using var raw = await RawPeer.ConnectAsync(_manager.Address!);
        await raw.SayAsync(RawPeer.Framed(payload));
        Assert.Equal(TestPeer.Manager, (await raw.HearHelloAsync()).Node);
        await raw.HearEndAsync();
        Assert.Contains(reason, await _manager.Log.NextAsync("refused"), StringComparison.Ordinal);
        await AssertAliveAsync();
    }

    [Fact]
    public async Task A_request_of_HTTP_is_told_that_this_is_no_place_for_it()
    {
        using var raw = await RawPeer.ConnectAsync(_manager.Address!);
        await raw.SayAsync(Encoding.ASCII.GetBytes("GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n"));
        Assert.Equal(0, await raw.HearEndAsync());
        var line = await _manager.Log.NextAsync("refused");
        Assert.Contains("begins with 'GET '", line, StringComparison.Ordinal);
        await AssertAliveAsync();
    }

    [Fact]
    public async Task Who_says_nothing_is_shut_out()
    {
        await using var hasty = TestPeer.Listening(
            TestPeer.GateOne, NodeRole.Gate,
            options: TestPeer.Quick with { HandshakeWithin = TimeSpan.FromMilliseconds(50) });
        using var raw = await RawPeer.ConnectAsync(hasty.Address!);
        await raw.HearEndAsync();
        await hasty.Log.NextAsync("no hello within 0.1 s");
    }

    [Theory]
    [InlineData("corrupt", "is corrupt: its checksum is")]
    [InlineData("oversized", "a frame says that it has 4294967295 bytes; at most 16777216 are allowed")]
    [InlineData("undecodable", "the peer sent a message that cannot be read: ")]
    [InlineData("truncated", "closed by the peer in the middle of a frame")]
    public async Task A_peer_that_sends_nonsense_is_heard_up_to_there(string what, string reason)
    {
        var good = RawPeer.Framed(TestPeer.Slot(1));
        var bad = RawPeer.Framed(TestPeer.Slot(2));
        switch (what)
        {
            case "corrupt":
                bad[^1] ^= 1;
                break;
            case "oversized":
                bad.AsSpan(0, 4).Fill(0xFF);
                break;
            case "undecodable":
                bad = RawPeer.Framed([0x7F, 0x01]);
                break;
            default:
                bad = bad[..^1];
                break;
        }

        using (var raw = await RawPeer.WelcomeAsync(_manager.Address!))
        {
            await raw.SayAsync([.. good, .. bad]);
            if (what != "truncated") await raw.HearEndAsync();
        }

        await _manager.ReceivesAsync(TestPeer.Worker, TestPeer.Slot(1));
        Assert.Contains(reason, await _manager.Log.NextAsync("ended"), StringComparison.Ordinal);
        await AssertAliveAsync();
    }

    [Fact]
    public async Task A_frame_that_comes_byte_by_byte_is_a_frame()
    {
        using var raw = await RawPeer.WelcomeAsync(_manager.Address!);
        foreach (var b in RawPeer.Framed(TestPeer.Slot(1))) await raw.SayAsync([b]);
        await _manager.ReceivesAsync(TestPeer.Worker, TestPeer.Slot(1));
    }

    [Fact]
    public async Task A_node_that_is_not_who_was_dialed_is_not_spoken_with()
    {
        var wrong = new Dictionary<NodeId, PeerAddress>
        {
            [TestPeer.GateTwo] = _manager.Address!,
        };
        await using var gate = TestPeer.Dialing(TestPeer.GateOne, NodeRole.Gate, wrong);
        gate.Send(TestPeer.GateTwo, TestPeer.Call(1));
        await gate.FailsAsync(TestPeer.GateTwo, TestPeer.Call(1));
        var line = await gate.Log.NextAsync("refused");
        Assert.Contains("only 'gate-2' is allowed there", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_connections_than_allowed_are_refused()
    {
        await using var small = TestPeer.Listening(
            TestPeer.GateOne, NodeRole.Gate, options: TestPeer.Quick with { SessionsMax = 1 });
        using var first = await RawPeer.ConnectAsync(small.Address!);
        using var second = await RawPeer.ConnectAsync(small.Address!);
        await second.HearEndAsync();
        await small.Log.NextAsync("1 connections are open already");
    }

    private async Task AssertAliveAsync()
    {
        await using var worker = TestPeer.Dialing(
            NodeId.Of("worker-7"), NodeRole.Worker, TestPeer.Addresses(_manager));
        worker.Send(TestPeer.Manager, TestPeer.Slot(77));
        await _manager.ReceivesAsync(NodeId.Of("worker-7"), TestPeer.Slot(77));
        _manager.Send(NodeId.Of("worker-7"), TestPeer.Slot(78));
        await worker.ReceivesAsync(TestPeer.Manager, TestPeer.Slot(78));
    }
}
