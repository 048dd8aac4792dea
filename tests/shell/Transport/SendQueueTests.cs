using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Transport;

namespace Hyperscale.Det.Tests.Shell.Transport;

public sealed class SendQueueTests
{
    private const int FrameBytes = Frame.HeaderBytes + 10;
    private static readonly byte[] Payload = new byte[10];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_added_is_taken_as_one_batch_of_frames()
    {
        var queue = new SendQueue(messagesMax: 10, bytesMax: 1000);
        for (byte i = 0; i < 3; i++) Assert.True(queue.TryAdd([i], TestPeer.Call(i)));
        Assert.True(await queue.WaitAsync(Cancellation));
        var batch = queue.Take();
        Assert.Equal((3, 3 * (Frame.HeaderBytes + 1)), (batch.Messages, batch.Length));
        Assert.Equal([TestPeer.Call(0), TestPeer.Call(1), TestPeer.Call(2)], batch.Calls);
        var rest = batch.Bytes.Span;
        for (byte i = 0; i < 3; i++)
        {
            var frame = Frame.Read(rest);
            Assert.Equal([i], frame.Payload);
            rest = rest[frame.FrameBytes..];
        }
    }

    [Theory]
    [InlineData(3, 1000, 3)]
    [InlineData(100, 4 * FrameBytes, 4)]
    [InlineData(100, (4 * FrameBytes) - 1, 3)]
    [InlineData(100, 5, 1)]
    public void What_finds_no_room_is_counted_and_lost(int messagesMax, int bytesMax, int fits)
    {
        var queue = new SendQueue(messagesMax, bytesMax);
        for (var i = 0; i < 10; i++) Assert.Equal(i < fits, queue.TryAdd(Payload, TestPeer.Slot(i)));
        Assert.Equal(new SendDrops(10 - fits, (10 - fits) * Payload.Length), queue.TakeDrops());
        Assert.Equal(default, queue.TakeDrops());
        queue.Return(queue.Take());
        Assert.True(queue.TryAdd(Payload, TestPeer.Slot(11)));
    }

    [Fact]
    public async Task A_closed_queue_gives_what_it_has_and_takes_nothing()
    {
        var queue = new SendQueue(10, 1000);
        queue.TryAdd(Payload, TestPeer.Slot(1));
        queue.Close();
        Assert.False(queue.TryAdd(Payload, TestPeer.Slot(2)));
        Assert.Equal(default, queue.TakeDrops());
        Assert.True(await queue.WaitAsync(Cancellation));
        Assert.Equal(1, queue.Take().Messages);
        Assert.False(await queue.WaitAsync(Cancellation));
    }

    [Fact]
    public async Task A_waiting_writer_wakes_on_a_message_and_on_the_close()
    {
        var queue = new SendQueue(10, 1000);
        var waiting = queue.WaitAsync(Cancellation).AsTask();
        Assert.False(waiting.IsCompleted);
        queue.TryAdd(Payload, TestPeer.Slot(1));
        Assert.False(waiting.IsCompleted);
        queue.Wake();
        Assert.True(await waiting);
        queue.Return(queue.Take());
        waiting = queue.WaitAsync(Cancellation).AsTask();
        Assert.False(waiting.IsCompleted);
        queue.Close();
        Assert.False(await waiting);
    }

    [Fact]
    public async Task A_waiting_writer_takes_what_was_added_before_the_close()
    {
        var queue = new SendQueue(10, 1000);
        var waiting = queue.WaitAsync(Cancellation).AsTask();
        queue.TryAdd(Payload, TestPeer.Slot(1));
        queue.Close();

        Assert.True(await waiting);
        Assert.Equal(1, queue.Take().Messages);
    }

    [Fact]
    public async Task A_writer_that_gave_up_waiting_takes_nothing_from_the_next_one()
    {
        var queue = new SendQueue(10, 1000);
        using var lost = new CancellationTokenSource();
        var first = queue.WaitAsync(lost.Token).AsTask();
        await lost.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var second = queue.WaitAsync(Cancellation).AsTask();
        queue.TryAdd(Payload, TestPeer.Slot(1));
        queue.Wake();
        Assert.True(await second);
        Assert.Equal(1, queue.Take().Messages);
    }

    [Fact]
    public async Task An_aborted_queue_has_nothing_left()
    {
        var queue = new SendQueue(10, 1000);
        queue.TryAdd(Payload, TestPeer.Call(1));
        queue.Abort();
        Assert.False(await queue.WaitAsync(Cancellation));
        Assert.Equal(0, queue.Take().Messages);
    }
}
