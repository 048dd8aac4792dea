using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Resources;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>One real workload under one guard, as a worker has it, with all that the guard saw.</summary>
internal sealed class GuardedTree : IAsyncDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private readonly Attempts _attempts;
    private readonly AttemptKey _attempt;
    private readonly ResourceGuard _guard;
    private readonly ProcessResourceMonitor _monitor;
    private readonly Outbox<GuardEffect> _outbox = new();
    private readonly long _started = Stopwatch.GetTimestamp();

    public GuardedTree(
        IResourceEnforcer enforcer, WorkflowSpec workflow, ResourceLimits limits, ResourceConfig config)
    {
        _attempts = new Attempts(enforcer: enforcer);
        _guard = new ResourceGuard(limits, config, Instant.Zero);
        _monitor = new ProcessResourceMonitor(config, Instant.Zero);
        _attempt = _attempts.Start(workflow);
    }

    /// <summary>Unfiltered, in order.</summary>
    public List<ResourceSample> Samples { get; } = [];

    public List<GuardEffect> Effects { get; } = [];

    public bool HasEnded => _attempts.EndOf(_attempt).IsCompleted;

    public GuardLevel Level => _guard.Level;

    /// <summary>Samples until a condition holds or a time has passed; whether it came to hold.</summary>
    public async Task<bool> RunAsync(TimeSpan max, Func<bool> until)
    {
        var started = Stopwatch.GetTimestamp();
        while (!until())
        {
            if (Stopwatch.GetElapsedTime(started) > max) return false;
            await Task.Delay(Between, TestContext.Current.CancellationToken);
            if (_attempts.Sample() is [{ Reading: var read }])
            {
                var reading = read with { At = Now() };
                if (_monitor.Observe(reading, 0)) Samples.Add(_monitor.Sample);
                Step(new GuardInput.Sampled(reading, 0));
            }

            if (_guard.NextDeadline <= Now()) Step(new GuardInput.Tick());
        }

        return true;
    }

    public Task<NodeInput.WorkloadExited> EndAsync() => _attempts.EndOf(_attempt);

    public ValueTask DisposeAsync() => _attempts.DisposeAsync();

    private void Step(GuardInput input)
    {
        _outbox.Clear();
        _guard.Step(input, Now(), _outbox);
        foreach (var effect in _outbox.Effects)
        {
            Effects.Add(effect);
            switch (effect)
            {
                case GuardEffect.Throttle throttle:
                    _attempts.Throttle(_attempt, throttle.Order);
                    break;
                case GuardEffect.Resume:
                    _attempts.Throttle(_attempt, null);
                    break;
                case GuardEffect.Terminate:
                    _attempts.Stop(_attempt, WorkloadSignal.Terminate);
                    break;
                case GuardEffect.Kill:
                    _attempts.Stop(_attempt, WorkloadSignal.Kill);
                    break;
                default:
                    break;
            }
        }
    }

    private Instant Now() => new(Stopwatch.GetElapsedTime(_started).Ticks * TimeSpan.NanosecondsPerTick);
}
