using Hyperscale.Det.Shell.Transport;

namespace Hyperscale.Det.Tests.Shell.Transport;

public sealed class BackoffTests
{
    private static readonly TimeSpan Min = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Max = TimeSpan.FromMilliseconds(500);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Waits_double_up_to_the_bound_and_begin_anew_after_a_reset()
    {
        var backoff = new Backoff(Min, Max, () => 0);
        Assert.Equal([100, 200, 400, 500, 500], Next(backoff, 5));
        backoff.Reset();
        Assert.Equal([100, 200], Next(backoff, 2));
    }

    [Fact]
    public void A_wait_is_shortened_by_at_most_a_half()
    {
        Assert.Equal([75, 150], Next(new Backoff(Min, Max, () => 0.5), 2));
        Assert.InRange(new Backoff(Min, Max, () => 0.9999).Next().TotalMilliseconds, 50, 51);
    }

    [Fact]
    public async Task A_reset_ends_a_wait_under_way()
    {
        var backoff = new Backoff(TimeSpan.FromHours(1), TimeSpan.FromHours(1), () => 0);
        var waiting = backoff.WaitAsync(backoff.Next(), TimeProvider.System, Cancellation);
        Assert.False(waiting.IsCompleted);
        backoff.Reset();
        await waiting.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    [Fact]
    public async Task A_reset_before_the_wait_began_ends_it_too()
    {
        var backoff = new Backoff(TimeSpan.FromHours(1), TimeSpan.FromHours(1), () => 0);
        var wait = backoff.Next();
        backoff.Reset();
        await backoff.WaitAsync(wait, TimeProvider.System, Cancellation)
            .WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    [Fact]
    public async Task A_wait_ends_by_itself_or_with_its_cancellation()
    {
        var backoff = new Backoff(Min, Max, () => 0);
        await backoff.WaitAsync(TimeSpan.FromMilliseconds(1), TimeProvider.System, Cancellation);
        using var cancelled = new CancellationTokenSource();
        var waiting = backoff.WaitAsync(TimeSpan.FromHours(1), TimeProvider.System, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private static List<double> Next(Backoff backoff, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => backoff.Next().TotalMilliseconds)];
}
