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
            var error = _target.IsExpected(status) ? null : HttpTarget.StatusError(status);
            _recorder.Answer(MonotonicClock.Nanoseconds - intended, bytes, error);
        }
        catch (OperationCanceledException)
        {
            _recorder.Fail(_stopping.IsCancellationRequested ? "stopped" : "timeout");
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
