using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.Shell.Hosting;

public sealed class NodeHostTests : IAsyncDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly NodeId East = NodeId.Of("east");
    private static readonly NodeId West = NodeId.Of("west");

    private readonly RecordingTransport _transport = new();
    private readonly ChannelMailbox<NodeInput> _mailbox = new(bound: 64);
    private ManualLog _log = null!;
    private NodeHost? _host;

    [Fact]
    public async Task A_send_that_promises_waits_for_the_disk_while_others_leave()
    {
        var host = Start((input, outbox) =>
        {
            if (CallOf(input) is not { } call) return;
            if (call == 1) outbox.Emit(Append());
            outbox.Emit(SendCall(call == 1 ? East : West, call, call == 1 ? Barrier.Durable : Barrier.None));
        });
        await DeliverCall(host, 1);
        await DeliverCall(host, 2);

        Assert.Equal((West, 2), await _transport.NextAsync());
        Assert.False(_transport.HasSent);
        _log.Sync();
        Assert.Equal((East, 1), await _transport.NextAsync());
    }

    [Fact]
    public async Task What_must_wait_for_the_disk_holds_up_nothing_behind_it()
    {
        var host = Start((input, outbox) =>
        {
            if (CallOf(input) is not { } call) return;
            if (call == 1) outbox.Emit(Append());
            outbox.Emit(SendCall(call == 3 ? West : East, call, call == 1 ? Barrier.Durable : Barrier.None));
        });
        for (var call = 1; call <= 3; call++) await DeliverCall(host, call);

        Assert.Equal((East, 2), await _transport.NextAsync());
        Assert.Equal((West, 3), await _transport.NextAsync());
        Assert.False(_transport.HasSent);
        _log.Sync();
        Assert.Equal((East, 1), await _transport.NextAsync());
    }

    [Fact]
    public async Task A_client_is_answered_once_the_disk_has_what_the_answer_rests_on()
    {
        var host = Start((input, outbox) =>
        {
            if (input is NodeInput.ClientRequested asked)
            {
                outbox.Emit(Append());
                outbox.Emit(new NodeEffect.Reply(
                    asked.RequestId, new ClientResponse.Accepted(new JobId(1, 1)), Barrier.Durable));
            }

            if (CallOf(input) is { } call) outbox.Emit(SendCall(West, call, Barrier.None));
        });
        var answer = host.AskAsync(new ClientRequest.GetJob(new JobId(1, 1)), Cancellation);
        await DeliverCall(host, 1);
        await _transport.NextAsync();
        Assert.False(answer.IsCompleted);

        _log.Sync();

        Assert.Equal(new ClientResponse.Accepted(new JobId(1, 1)), await answer);
    }

    [Fact]
    public async Task The_node_is_told_what_is_durable_after_what_waited_for_it_has_left()
    {
        var host = Start((input, outbox) =>
        {
            if (CallOf(input) is not null)
            {
                outbox.Emit(Append());
                outbox.Emit(SendCall(East, 1, Barrier.Durable));
            }

            if (input is NodeInput.Durable durable)
                outbox.Emit(SendCall(East, 100 + durable.Lsn, Barrier.None));
        }, lastLsn: 41);
        await DeliverCall(host, 1);
        await AppendedAsync();
        _log.Sync();

        Assert.Equal((East, 1), await _transport.NextAsync());
        Assert.Equal((East, 142), await _transport.NextAsync());
    }

    [Fact]
    public async Task A_broken_rule_stops_the_node_and_nothing_of_that_step_is_sent()
    {
        var host = Start((input, outbox) =>
        {
            if (CallOf(input) is not { } call) return;
            outbox.Emit(SendCall(East, call, Barrier.None));
            Invariant.Holds(call != 2);
        });
        await DeliverCall(host, 1);
        await DeliverCall(host, 2);
        await DeliverCall(host, 3);

        var failure = await Assert.ThrowsAsync<NodeFailedException>(() => host.Completion);
        Assert.IsType<InvariantViolationException>(failure.InnerException);
        Assert.Equal((East, 1), await _transport.NextAsync());
        Assert.False(_transport.HasSent);
        Assert.True(_transport.IsAborted);
        Assert.True(_log.IsStopped);
    }

    [Fact]
    public async Task A_failed_disk_stops_the_node_and_nothing_that_waited_is_sent()
    {
        var host = Start((input, outbox) =>
        {
            if (CallOf(input) is null) return;
            outbox.Emit(Append());
            outbox.Emit(SendCall(East, 1, Barrier.Durable));
        });
        await DeliverCall(host, 1);
        await AppendedAsync();
        _log.Observer.OnFailed(new IOException("the disk is gone"));

        var failure = await Assert.ThrowsAsync<NodeFailedException>(() => host.Completion);
        Assert.Equal("the disk is gone", failure.InnerException!.Message);
        Assert.True(_transport.IsAborted);
        Assert.False(_transport.HasSent);
        Assert.False(await host.DeliverAsync(new NodeInput.PeerLost(East), Cancellation));
    }

    [Fact]
    public async Task A_request_that_nobody_will_answer_any_more_has_an_unknown_outcome()
    {
        var host = Start((input, outbox) =>
        {
            if (input is NodeInput.ClientRequested) outbox.Emit(SendCall(East, 1, Barrier.None));
        });
        var answer = host.AskAsync(new ClientRequest.GetJob(new JobId(1, 1)), Cancellation);
        await _transport.NextAsync();
        await host.StopAsync();

        Assert.IsType<ClientResponse.OutcomeUnknown>(await answer);
        Assert.IsType<ClientResponse.Unavailable>(
            await host.AskAsync(new ClientRequest.GetJob(new JobId(1, 1)), Cancellation));
    }

    [Fact]
    public async Task A_stop_waits_for_the_disk_and_lets_the_last_promises_leave()
    {
        var host = Start((input, outbox) =>
        {
            if (input is not NodeInput.Shutdown) return;
            outbox.Emit(Append());
            outbox.Emit(SendCall(East, 9, Barrier.Durable));
        });
        var stopped = host.StopAsync();
        await AppendedAsync();
        Assert.False(stopped.IsCompleted);
        _log.Sync();
        await stopped;

        Assert.Equal((East, 9), await _transport.NextAsync());
        Assert.True(host.Completion.IsCompletedSuccessfully);
        Assert.True(_log.IsStopped);
    }

    [Fact]
    public async Task A_tick_comes_when_the_deadline_is_due_and_not_before()
    {
        ScriptedNode? node = null;
        var due = new Instant(20_000_000);
        node = new ScriptedNode((input, outbox) =>
        {
            if (input is NodeInput.Started) node!.NextDeadline = due;
            if (input is not NodeInput.Tick) return;
            node!.NextDeadline = Instant.Never;
            outbox.Emit(SendCall(East, node.Now.Nanoseconds, Barrier.None));
        });
        Start(node);

        Assert.True((await _transport.NextAsync()).CallId >= due.Nanoseconds);
    }

    [Fact]
    public async Task One_batch_ends_with_one_flush_whatever_it_appended()
    {
        var host = Start((input, outbox) =>
        {
            if (CallOf(input) is null) return;
            for (var i = 0; i < 3; i++) outbox.Emit(Append());
        });
        await DeliverCall(host, 1);
        await AppendedAsync();
        _log.Sync();
        await host.StopAsync();

        Assert.Equal(3, _log.Records.Count);
        Assert.Equal(1, _log.Flushes);
    }

    public async ValueTask DisposeAsync()
    {
        // A log that never answers would otherwise hold the stop up.
        if (_host is { Completion.IsCompleted: false })
        {
            _log.Observer.OnFailed(new IOException("end of the test"));
            await _host.DisposeAsync();
        }

        _mailbox.Dispose();
    }

    private static long? CallOf(NodeInput input) =>
        input is NodeInput.Received { Message: Message.ClientCall call } ? call.CallId : null;

    private static NodeEffect.Append Append() => new(new WalRecord(WalRecordKind.LogEntry, new byte[] { 1 }));

    private static NodeEffect.Send SendCall(NodeId to, long call, Barrier barrier) =>
        new(to, new Message.ClientCall(call, 0, new ClientRequest.GetJob(default)), barrier);

    private static async Task DeliverCall(NodeHost host, long call) => await host.DeliverAsync(
        new NodeInput.Received(East, new Message.ClientCall(call, 0, new ClientRequest.GetJob(default))),
        Cancellation);

    private async Task AppendedAsync()
    {
        while (_log.Flushes == 0) await Task.Yield();
    }

    private NodeHost Start(Action<NodeInput, Outbox<NodeEffect>> script, long lastLsn = 0) =>
        Start(new ScriptedNode(script), lastLsn);

    private NodeHost Start(ScriptedNode node, long lastLsn = 0) => _host = NodeHost.Start(new NodeHostParts(
        node, _mailbox, _transport, observer => _log = new ManualLog(observer, lastLsn), null,
        new NoTelemetry(),
        null, TimeProvider.System, NodeHostOptions.Default, NullLogger.Instance));
}
