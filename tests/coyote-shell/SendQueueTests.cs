using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Transport;
using Hyperscale.Det.Tests.Exploration;

namespace Hyperscale.Det.Tests.CoyoteShell;

/// <summary>What a node queues for a peer while the connection's writer waits, takes and sends.</summary>
public sealed class SendQueueTests
{
    private const int Senders = 2;
    private const int MessagesOfEach = 2;

    [Fact]
    public void Nothing_that_was_queued_is_lost_doubled_or_out_of_order() =>
        Scenario.Of(() => Send(writers: 1)).HoldsAlways();

    [Fact]
    public void Two_writers_at_once_are_found_and_replayed() =>
        Assert.Contains(
            "_spare is not null",
            Scenario.Of(() => Send(writers: 2)).BreaksAndReplays(),
            StringComparison.Ordinal);

    private static async Task Send(int writers)
    {
        var queue = new SendQueue(messagesMax: 100, bytesMax: 10_000);
        var sent = new List<Message.ClientCall>();
        var writing = Enumerable.Range(0, writers).Select(_ => Task.Run(() => Write(queue, sent))).ToArray();
        var sending = Enumerable.Range(1, Senders)
            .Select(sender => Task.Run(() => Add(queue, sender))).ToArray();
        foreach (var sender in sending) await sender;
        queue.Close();
        foreach (var writer in writing) await writer;

        Assert.Equal(Senders * MessagesOfEach, sent.Count);
        for (var sender = 1; sender <= Senders; sender++)
        {
            Assert.Equal(
                Enumerable.Range(0, MessagesOfEach),
                sent.Where(call => call.CallId == sender).Select(call => call.Hops));
        }
    }

    private static void Add(SendQueue queue, int sender)
    {
        for (var n = 0; n < MessagesOfEach; n++)
        {
            var call = new Message.ClientCall(sender, n, new ClientRequest.GetJob(new JobId(0, 0)));
            Assert.True(queue.TryAdd([(byte)n], call));
            queue.Wake();
        }
    }

    private static async Task Write(SendQueue queue, List<Message.ClientCall> sent)
    {
        while (await queue.WaitAsync(CancellationToken.None))
        {
            var batch = queue.Take();
            sent.AddRange(batch.Calls);
            await Task.Yield();
            queue.Return(batch);
        }
    }
}
