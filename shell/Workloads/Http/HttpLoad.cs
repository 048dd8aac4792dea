using System.Diagnostics.CodeAnalysis;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>Generates the load of one http workload.</summary>
/// <remarks>At the end of the duration no request starts any more and those under way are awaited, so that
/// each request sent is counted exactly once. Stopping aborts those under way, which count as
/// errors.</remarks>
internal sealed class HttpLoad : IDisposable
{
    private static readonly TimeSpan RampStep = TimeSpan.FromMilliseconds(5);

    private readonly HttpOrder _order;
    private readonly HttpTarget _target;
    private readonly LoadRecorder _recorder = new();

    private readonly VuRamp _ramp;

    private HttpLoad(HttpOrder order, VuRamp ramp, HttpTarget target)
    {
        _order = order;
        _ramp = ramp;
        _target = target;
    }

    public static bool TryCreate(
        HttpOrder order,
        VuRamp ramp,
        [NotNullWhen(true)] out HttpLoad? load,
        [NotNullWhen(false)] out string? fault)
    {
        load = null;
        if (!HttpTarget.TryCreate(order, out var target, out fault)) return false;
        if (order.Vus is null == order.Rate is null)
        {
            target.Dispose();
            fault = "exactly one of vus and rate must be set";
            return false;
        }

        load = new HttpLoad(order, ramp, target);
        return true;
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        var start = MonotonicClock.Nanoseconds;
        var duration = _order.DurationNanoseconds;
        if (_order.Rate is { } rate)
            await new OpenModel(_target, _recorder, rate, start, duration, stopping).RunAsync();
        else
            await RunClosedModelAsync(_order.Vus!.Value, start, start + duration, stopping);
    }

    public MeasuredLoad Snapshot() => _recorder.Snapshot();

    public void Dispose() => _target.Dispose();

    // Each virtual user starts its next request when its last one has ended.
    private async Task RunClosedModelAsync(int vus, long start, long end, CancellationToken stopping)
    {
        var users = new List<Task>(vus);
        _ramp.Begin(start);
        while (users.Count < vus)
        {
            var now = MonotonicClock.Nanoseconds;
            if (now >= end || stopping.IsCancellationRequested) break;
            var started = _ramp.StartedAt(now);
            while (users.Count < started)
                users.Add(Task.Run(() => RunUserAsync(end, stopping), CancellationToken.None));
            if (users.Count < vus)
                await Task.Delay(RampStep, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(users);
    }

    private async Task RunUserAsync(long end, CancellationToken stopping)
    {
        using var sender = new RequestSender(_target, _recorder, stopping);
        while (!stopping.IsCancellationRequested)
        {
            var now = MonotonicClock.Nanoseconds;
            if (now >= end) return;
            await sender.SendAsync(now);
        }
    }
}
