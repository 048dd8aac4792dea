using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Resources;

namespace Hyperscale.Det.Shell.Workloads;

/// <summary>Runs each workload as a process tree in a session of its own.</summary>
/// <remarks>An http workload is the load generator; an exec workload's command runs below a supervisor,
/// which adopts whatever the command leaves behind. Both hold a pipe to this process and end with it, also
/// when it is killed. A command's workload ends when the command does: what still runs below it then is
/// killed.</remarks>
public sealed class ProcessWorkloadRunner(
    Action<NodeInput> deliver, WorkloadProgram program, IResourceEnforcer enforcer) : IWorkloadRunner
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<AttemptKey, WorkloadProcess> _running = [];
    private volatile bool _isDisposed;

    /// <summary>Makes runners of this program's own workload processes.</summary>
    public static WorkloadRunnerFactory Factory { get; } =
        deliver => new ProcessWorkloadRunner(deliver, WorkloadProgram.Own, Enforcers.Choose());

    public string Enforcer => enforcer.Name;

    public void Start(AttemptKey attempt, WorkflowSpec workflow)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var process = new WorkloadProcess(program, attempt, workflow, enforcer, Deliver);
            Invariant.Holds(_running.TryAdd(attempt, process));
            process.Start();
        }
    }

    public void Stop(AttemptKey attempt, WorkloadSignal signal) => Find(attempt)?.Stop(signal);

    public void Throttle(AttemptKey attempt, ThrottleOrder? order) => Find(attempt)?.Throttle(order);

    public void HoldRamp(AttemptKey attempt, bool isHeld) => Find(attempt)?.HoldRamp(isHeld);

    public IReadOnlyList<WorkloadReading> Sample(Func<Instant> now)
    {
        KeyValuePair<AttemptKey, WorkloadProcess>[] running;
        lock (_lock) running = [.. _running];
        if (running.Length == 0) return [];
        enforcer.Refresh();
        var readings = new List<WorkloadReading>(running.Length);
        foreach (var (attempt, process) in running)
            if (process.Read(now()) is { } reading) readings.Add(new WorkloadReading(attempt, reading));
        return readings;
    }

    public async ValueTask DisposeAsync()
    {
        WorkloadProcess[] processes;
        lock (_lock)
        {
            _isDisposed = true;
            processes = [.. _running.Values];
        }

        foreach (var process in processes) process.Stop(WorkloadSignal.Kill);
        foreach (var process in processes) await process.Gone;
        enforcer.Dispose();
    }

    private WorkloadProcess? Find(AttemptKey attempt)
    {
        lock (_lock) return _running.GetValueOrDefault(attempt);
    }

    private void Deliver(NodeInput input)
    {
        if (input is NodeInput.WorkloadExited exited)
        {
            lock (_lock) _running.Remove(exited.Attempt);
        }

        if (!_isDisposed) deliver(input);
    }
}
