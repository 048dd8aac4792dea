using System.Buffers;
using System.Net.Sockets;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>Sends one request after another and records how each ended, exactly once.</summary>
/// <remarks>One per virtual user or sender; it reuses its timer.</remarks>
internal sealed class RequestSender : IDisposable
{
    private const int BufferBytes = 8192;

    private readonly HttpTarget _target;
    private readonly LoadRecorder _recorder;
    private readonly CancellationToken _stopping;
    private CancellationTokenSource _timeout = new();
    private CancellationTokenRegistration _onStop;

    public RequestSender(HttpTarget target, LoadRecorder recorder, CancellationToken stopping)
    {
        _target = target;
        _recorder = recorder;
        _stopping = stopping;
        _onStop = Link(_timeout);
    }

    /// <summary>Sends a request whose latency counts from <paramref name="intended"/> on the monotonic clock.
    /// </summary>
    public async ValueTask SendAsync(long intended)
    {
        _timeout.CancelAfter(_target.Timeout);
        try
        {
            using var request = _target.NewRequest();
            using var response = await _target.Invoker.SendAsync(request, _timeout.Token);
            var bytes = await DrainAsync(response.Content);
            var status = (int)response.StatusCode;
            if (_target.IsExpected(status)) _recorder.Answer(MonotonicClock.Nanoseconds - intended, bytes);
            else _recorder.Fail(HttpTarget.StatusError(status), bytes);
        }
        catch (OperationCanceledException)
        {
            if (_stopping.IsCancellationRequested) _recorder.Fail("stopped");
            else _recorder.TimeOut(WaitedSince(intended));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            _recorder.Fail(RequestErrors.KindOf(e));
        }

        if (!_timeout.TryReset()) Renew();
    }

    public void Dispose()
    {
        _onStop.Dispose();
        _timeout.Dispose();
    }

    /// <summary>At least the timeout, however early the timer was.</summary>
    private long WaitedSince(long intended) => Math.Max(
        MonotonicClock.Nanoseconds - intended, _target.Timeout.Ticks * TimeSpan.NanosecondsPerTick);

    private async ValueTask<long> DrainAsync(HttpContent content)
    {
        using var body = await content.ReadAsStreamAsync(_timeout.Token);
        // Rented for the answer alone: many users wait at once, few read.
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            var total = 0L;
            int read;
            while ((read = await body.ReadAsync(buffer, _timeout.Token)) > 0) total += read;
            return total;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Renew()
    {
        Dispose();
        _timeout = new CancellationTokenSource();
        _onStop = Link(_timeout);
    }

    private CancellationTokenRegistration Link(CancellationTokenSource timeout) =>
        _stopping.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), timeout);
}
