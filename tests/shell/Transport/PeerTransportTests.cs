using System.Net;
using System.Net.Sockets;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Transport;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Transport;

public sealed class PeerTransportTests
{
    private static readonly NodeId GateOne = TestPeer.GateOne;
    private static readonly NodeId GateTwo = TestPeer.GateTwo;
    private static readonly NodeId Manager = TestPeer.Manager;
    private static readonly NodeId Worker = TestPeer.Worker;

    [Fact]
    public async Task Messages_arrive_once_and_in_the_order_they_were_sent()
    {
        const int count = 20_000;
        await using var manager = TestPeer.Listening(Manager, NodeRole.Manager);
        await using var gate = TestPeer.Listening(GateOne, NodeRole.Gate, knows: TestPeer.Addresses(manager));
        for (var i = 0; i < count; i++)
        {
            gate.Send(Manager, TestPeer.Slot(i));
            // The queue is bounded: a node that waits for nothing would flood it.
            if (i % 5000 < 4999) continue;
            for (var sent = i - 4999; sent <= i; sent++)
                await manager.ReceivesAsync(GateOne, TestPeer.Slot(sent));
        }
    }

    [Fact]
    public async Task A_peer_without_an_address_is_answered_over_the_connection_it_opened()
    {
        await using var manager = TestPeer.Listening(Manager, NodeRole.Manager);
        await using var worker = TestPeer.Dialing(Worker, NodeRole.Worker, TestPeer.Addresses(manager));
        worker.Send(Manager, TestPeer.Slot(1));
        await manager.ReceivesAsync(Worker, TestPeer.Slot(1));
        for (var i = 0; i < 100; i++) manager.Send(Worker, TestPeer.Slot(i));
        for (var i = 0; i < 100; i++) await worker.ReceivesAsync(Manager, TestPeer.Slot(i));
    }

    [Fact]
    public async Task A_message_of_megabytes_arrives_whole()
    {
        await using var gate = TestPeer.Listening(GateOne, NodeRole.Gate);
        await using var other = TestPeer.Listening(GateTwo, NodeRole.Gate, knows: TestPeer.Addresses(gate));
        var body = new string('x', JobLimits.BodyLengthMax);
        var workflow = Attempts.Http("http://127.0.0.1/", 1000, vus: 1);
        var spec = new JobSpec(
            "large", new DatacenterChoice(1, [], []), null, null, null, null, [],
            [.. Enumerable.Range(0, 40).Select(i => workflow with
            {
                Name = $"w{i}", Http = workflow.Http! with { Body = body },
            })]);
        other.Send(GateOne, new Message.ClientCall(1, 1, new ClientRequest.SubmitJob(spec)));
        other.Send(GateOne, TestPeer.Call(2));
        var large = Assert.IsType<Message.ClientCall>(await gate.NextMessageAsync());
        var submitted = Assert.IsType<ClientRequest.SubmitJob>(large.Request).Spec;
        Assert.All(submitted.Workflows, w => Assert.Equal(body, w.Http!.Body));
        Assert.Equal(40, submitted.Workflows.Count);
        Assert.Equal(TestPeer.Call(2), await gate.NextMessageAsync());
    }

    [Fact]
    public async Task A_peer_that_restarts_is_told_of_and_found_again()
    {
        using var port = TestPeer.AnyPort();
        var address = port.Address;
        var manager = TestPeer.Listening(Manager, NodeRole.Manager, listener: port);
        await using var gate = TestPeer.Dialing(GateOne, NodeRole.Gate, TestPeer.Addresses(manager));
        gate.Send(Manager, TestPeer.Slot(1));
        Assert.Equal(TestPeer.Slot(1), await manager.NextMessageAsync());
        await manager.DisposeAsync();

        Assert.Equal(new NodeInput.PeerLost(Manager), await gate.NextAsync<NodeInput.PeerLost>());
        gate.Send(Manager, TestPeer.Slot(2));
        await gate.Log.NextAsync("not reached: connection refused");
        await using var again = TestPeer.Listening(
            Manager, NodeRole.Manager, listener: PeerListener.Bind(address));
        Assert.Equal(TestPeer.Slot(2), await again.NextMessageAsync());
    }

    [Fact]
    public async Task A_call_that_cannot_leave_comes_back_by_name()
    {
        var nobody = new Dictionary<NodeId, PeerAddress> { [GateTwo] = UnusedAddress() };
        await using var gate = TestPeer.Dialing(GateOne, NodeRole.Gate, nobody);
        gate.Send(GateTwo, TestPeer.Call(7));
        await gate.FailsAsync(GateTwo, TestPeer.Call(7));
        gate.Send(GateTwo, TestPeer.Call(8));
        await gate.FailsAsync(GateTwo, TestPeer.Call(8));
    }

    [Fact]
    public async Task A_call_to_a_peer_that_is_not_connected_comes_back_by_name()
    {
        await using var gate = TestPeer.Listening(GateOne, NodeRole.Gate);
        gate.Send(Worker, TestPeer.Call(7));
        await gate.FailsAsync(Worker, TestPeer.Call(7));
    }

    [Fact]
    public async Task What_was_sent_to_an_absent_peer_is_told_lost_once_it_connects()
    {
        await using var manager = TestPeer.Listening(Manager, NodeRole.Manager);
        manager.Send(Worker, TestPeer.Slot(1));
        await using var worker = TestPeer.Dialing(Worker, NodeRole.Worker, TestPeer.Addresses(manager));
        worker.Send(Manager, TestPeer.Slot(2));
        Assert.Equal(new NodeInput.PeerLost(Worker), await manager.NextAsync<NodeInput.PeerLost>());
        Assert.Equal(TestPeer.Slot(2), await manager.NextMessageAsync());
    }

    [Fact]
    public async Task A_peer_that_does_not_read_loses_messages_and_is_told_of_once_it_does()
    {
        using var busy = new ManualResetEventSlim();
        await using var manager = TestPeer.Listening(
            Manager, NodeRole.Manager, mailboxBound: 4,
            onInput: input => { if (input is NodeInput.Received) busy.Wait(TimeSpan.FromSeconds(20)); });
        var options = TestPeer.Quick with { QueueMessagesMax = 1000 };
        await using var gate = TestPeer.Dialing(
            GateOne, NodeRole.Gate, TestPeer.Addresses(manager), options);
        // More than the queue and all that the system holds of a connection.
        const int count = 30_000;
        for (var i = 0; i < count; i++) gate.Send(Manager, Numbered(i));
        busy.Set();

        Assert.Equal(new NodeInput.PeerLost(Manager), await gate.NextAsync<NodeInput.PeerLost>());
        await gate.Log.NextAsync("manager-1 takes messages too slowly");
        // One more for each that arrives, until there is room for one behind all the others.
        var (last, received) = (-1L, 0);
        for (var i = count; last < count; i++)
        {
            gate.Send(Manager, Numbered(i));
            var number = ((Message.SlotRefused)await manager.NextMessageAsync()).Slot.Job.Op;
            Assert.True(number > last);
            last = number;
            received++;
        }

        Assert.InRange(received, 1000, count - 1);
    }

    [Fact]
    public async Task Nothing_leaves_after_an_abort()
    {
        await using var manager = TestPeer.Listening(Manager, NodeRole.Manager);
        var gate = TestPeer.Dialing(GateOne, NodeRole.Gate, TestPeer.Addresses(manager));
        gate.Send(Manager, TestPeer.Slot(0));
        Assert.Equal(TestPeer.Slot(0), await manager.NextMessageAsync());
        gate.Transport.Abort();
        gate.Send(Manager, TestPeer.Slot(1));
        await manager.Log.NextAsync("connection with gate-1");
        await gate.DisposeAsync();

        // The next one that arrives is of the next life, so nothing was under way.
        await using var next = TestPeer.Dialing(GateOne, NodeRole.Gate, TestPeer.Addresses(manager));
        next.Send(Manager, TestPeer.Slot(2));
        Assert.Equal(TestPeer.Slot(2), await manager.NextMessageAsync());
    }

    [Fact]
    public async Task A_stop_sends_what_is_queued()
    {
        await using var manager = TestPeer.Listening(Manager, NodeRole.Manager, mailboxBound: 4096);
        var gate = TestPeer.Dialing(GateOne, NodeRole.Gate, TestPeer.Addresses(manager));
        for (var i = 0; i < 2000; i++) gate.Send(Manager, TestPeer.Slot(i));
        await gate.DisposeAsync();
        for (var i = 0; i < 2000; i++) Assert.Equal(TestPeer.Slot(i), await manager.NextMessageAsync());
    }

    [Fact]
    public async Task A_stop_does_not_wait_long_for_a_peer_that_does_not_read()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var silent = PeerAddress.Of((IPEndPoint)listener.LocalEndpoint);
        var gate = TestPeer.Dialing(
            GateOne, NodeRole.Gate, new Dictionary<NodeId, PeerAddress> { [Manager] = silent },
            TestPeer.Quick with { FlushWithin = TimeSpan.FromMilliseconds(50) });
        gate.Send(Manager, TestPeer.Slot(1));
        using var connection = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await gate.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_newer_connection_of_a_peer_replaces_the_older_one()
    {
        await using var manager = TestPeer.Listening(Manager, NodeRole.Manager);
        await using var older = TestPeer.Dialing(Worker, NodeRole.Worker, TestPeer.Addresses(manager));
        older.Send(Manager, TestPeer.Slot(1));
        Assert.Equal(TestPeer.Slot(1), await manager.NextMessageAsync());
        await using var newer = TestPeer.Dialing(Worker, NodeRole.Worker, TestPeer.Addresses(manager));
        newer.Send(Manager, TestPeer.Slot(2));
        Assert.Equal(TestPeer.Slot(2), await manager.NextMessageAsync());
        manager.Send(Worker, TestPeer.Slot(3));
        Assert.Equal(TestPeer.Slot(3), await newer.NextMessageAsync());
        Assert.Equal(new NodeInput.PeerLost(Manager), await older.NextAsync<NodeInput.PeerLost>());
    }

    [Fact]
    public async Task What_waited_too_long_for_a_peer_is_told_lost()
    {
        var nobody = new Dictionary<NodeId, PeerAddress> { [Manager] = UnusedAddress() };
        await using var gate = TestPeer.Dialing(
            GateOne, NodeRole.Gate, nobody, TestPeer.Quick with { KeepMax = TimeSpan.Zero });
        gate.Send(Manager, TestPeer.Slot(1));
        Assert.Equal(new NodeInput.PeerLost(Manager), await gate.NextAsync<NodeInput.PeerLost>());
    }

    [Fact]
    public async Task A_peer_that_connects_here_is_dialed_without_waiting_any_longer()
    {
        var port = TestPeer.AnyPort();
        port.Dispose();
        var absent = new Dictionary<NodeId, PeerAddress> { [GateTwo] = PeerAddress.Of(port.Address) };
        var patient = TestPeer.Quick with
        {
            BackoffMin = TimeSpan.FromHours(1),
            BackoffMax = TimeSpan.FromHours(1),
        };
        await using var one = TestPeer.Listening(GateOne, NodeRole.Gate, absent, options: patient);
        one.Send(GateTwo, TestPeer.Slot(1));
        await one.Log.NextAsync("not reached");
        await using var two = TestPeer.Listening(
            GateTwo, NodeRole.Gate, TestPeer.Addresses(one), PeerListener.Bind(port.Address));
        two.Send(GateOne, TestPeer.Slot(2));
        await two.ReceivesAsync(GateOne, TestPeer.Slot(1));
        await one.ReceivesAsync(GateTwo, TestPeer.Slot(2));
    }

    [Fact]
    public async Task A_node_that_listens_at_every_address_is_found_at_each()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "the system has no IPv6");
        using var port = TestPeer.AnyPort();
        var number = port.Address.Port;
        port.Dispose();
        var everywhere = PeerListener.Bind(new IPEndPoint(IPAddress.IPv6Any, number));
        await using var manager = TestPeer.Listening(Manager, NodeRole.Manager, listener: everywhere);
        foreach (var host in new[] { "127.0.0.1", "localhost" })
        {
            var there = new Dictionary<NodeId, PeerAddress> { [Manager] = new PeerAddress(host, number) };
            await using var worker = TestPeer.Dialing(Worker, NodeRole.Worker, there);
            worker.Send(Manager, TestPeer.Slot(1));
            await manager.ReceivesAsync(Worker, TestPeer.Slot(1));
            worker.Transport.SendDatagram(Manager, TestPeer.Slot(2));
            await manager.ReceivesAsync(Worker, TestPeer.Slot(2));
        }
    }

    [Fact]
    public async Task A_fault_of_the_transport_itself_is_told()
    {
        await using var gate = TestPeer.Dialing(
            GateOne, NodeRole.Gate, new Dictionary<NodeId, PeerAddress> { [Manager] = new("127.0.0.1", -1) });
        gate.Send(Manager, TestPeer.Slot(1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => gate.Transport.Failure.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static Message.SlotRefused Numbered(int number) =>
        new(TestPeer.Slot(number).Slot, new string('x', 1000));

    private static PeerAddress UnusedAddress()
    {
        using var port = TestPeer.AnyPort();
        return PeerAddress.Of(port.Address);
    }
}
