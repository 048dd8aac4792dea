using Hyperscale.Det.Shell.Hosting;

namespace Hyperscale.Det.Tests.Shell.Hosting;

public class ChannelMailboxTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Items_come_out_in_the_order_they_went_in_posted_or_signalled()
    {
        using var mailbox = new ChannelMailbox<int>(bound: 8);
        Assert.True(await mailbox.PostAsync(1, Cancellation));
        Assert.True(mailbox.Signal(2));
        Assert.True(await mailbox.PostAsync(3, Cancellation));

        Assert.Equal([1, 2, 3], Drain(mailbox, max: 10));
    }

    [Fact]
    public async Task A_batch_is_no_larger_than_asked_for()
    {
        using var mailbox = new ChannelMailbox<int>(bound: 8);
        for (var i = 0; i < 5; i++) await mailbox.PostAsync(i, Cancellation);

        Assert.Equal([0, 1, 2], Drain(mailbox, max: 3));
        Assert.Equal([3, 4], Drain(mailbox, max: 3));
    }

    [Fact]
    public async Task A_post_beyond_the_bound_waits_until_an_item_is_taken()
    {
        using var mailbox = new ChannelMailbox<int>(bound: 2);
        await mailbox.PostAsync(1, Cancellation);
        await mailbox.PostAsync(2, Cancellation);
        var third = mailbox.PostAsync(3, Cancellation).AsTask();
        Assert.False(third.IsCompleted);

        Assert.Equal([1], Drain(mailbox, max: 1));

        Assert.True(await third);
        Assert.Equal([2, 3], Drain(mailbox, max: 10));
    }

    [Fact]
    public async Task A_signal_is_taken_beyond_the_bound_and_gives_no_room_back()
    {
        using var mailbox = new ChannelMailbox<int>(bound: 1);
        await mailbox.PostAsync(1, Cancellation);
        Assert.True(mailbox.Signal(2));
        Assert.Equal([1, 2], Drain(mailbox, max: 10));

        await mailbox.PostAsync(3, Cancellation);
        Assert.False(mailbox.PostAsync(4, Cancellation).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_waiting_post_ends_with_its_cancellation_and_leaves_nothing_behind()
    {
        using var mailbox = new ChannelMailbox<int>(bound: 1);
        await mailbox.PostAsync(1, Cancellation);
        using var cancelled = new CancellationTokenSource();
        var second = mailbox.PostAsync(2, cancelled.Token).AsTask();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal([1], Drain(mailbox, max: 10));
    }

    [Fact]
    public async Task A_closed_mailbox_refuses_and_still_gives_what_it_has()
    {
        using var mailbox = new ChannelMailbox<int>(bound: 1);
        await mailbox.PostAsync(1, Cancellation);
        var waiting = mailbox.PostAsync(2, Cancellation).AsTask();
        mailbox.Close();

        Assert.False(await waiting);
        Assert.False(mailbox.Signal(3));
        Assert.True(await mailbox.WaitAsync());
        Assert.Equal([1], Drain(mailbox, max: 10));
        Assert.False(await mailbox.WaitAsync());
    }

    [Fact]
    public async Task Nothing_is_lost_or_doubled_between_many_writers_and_a_reader()
    {
        using var mailbox = new ChannelMailbox<int>(bound: 4);
        var writers = Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++)
                Assert.True(await mailbox.PostAsync((writer * 500) + i, Cancellation));
        })).ToArray();
        var seen = new List<int>();
        while (seen.Count < 2000 && await mailbox.WaitAsync()) mailbox.Drain(seen, max: 7);
        await Task.WhenAll(writers);

        Assert.Equal(Enumerable.Range(0, 2000), seen.Order());
        for (var writer = 0; writer < 4; writer++)
        {
            var own = seen.Where(i => i / 500 == writer).ToList();
            Assert.Equal(own.Order(), own);
        }
    }

    [Fact]
    public async Task What_comes_after_the_reader_has_ended_is_not_taken_and_no_fault()
    {
        var mailbox = new ChannelMailbox<int>(bound: 1);
        mailbox.Dispose();

        Assert.False(await mailbox.PostAsync(1, Cancellation));
        Assert.False(mailbox.Signal(2));
    }

    private static List<int> Drain(ChannelMailbox<int> mailbox, int max)
    {
        var batch = new List<int>();
        mailbox.Drain(batch, max);
        return batch;
    }
}
