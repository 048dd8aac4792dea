using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Shell.Workloads;

/// <summary>Runs the workloads of one worker as process trees.</summary>
/// <remarks><see cref="Sample"/> looks at processes and takes its time, during which the others, which return
/// at once, can be called. What happens is told through the callback the runner was made with: any number of
/// <see cref="NodeInput.WorkloadReported"/>, then exactly one <see cref="NodeInput.WorkloadExited"/> for each
/// start, also when the start itself failed. Disposing kills every process tree and returns once all are
/// gone; nothing is told afterwards.</remarks>
public interface IWorkloadRunner : IAsyncDisposable
{
    /// <summary>How it looks at process trees and holds them back: an
    /// <see cref="Resources.IResourceEnforcer.Name"/>.</summary>
    string Enforcer { get; }

    void Start(AttemptKey attempt, WorkflowSpec workflow);

    /// <summary>Stops a workload's whole process tree; one that has already exited is left alone.</summary>
    void Stop(AttemptKey attempt, WorkloadSignal signal);

    /// <summary>Holds a workload's whole process tree back; null lets it run freely.</summary>
    void Throttle(AttemptKey attempt, ThrottleOrder? order);

    /// <summary>Starts no further virtual user of a load generator, or goes on.</summary>
    void HoldRamp(AttemptKey attempt, bool isHeld);

    /// <summary>What every workload uses at this moment; those that cannot be read are left out.</summary>
    IReadOnlyList<WorkloadReading> Sample(Func<Instant> now);
}

/// <summary>Makes a runner that tells the worker's host what happens through <paramref name="deliver"/>,
/// which may be called from any thread and does not block.</summary>
public delegate IWorkloadRunner WorkloadRunnerFactory(Action<NodeInput> deliver);
