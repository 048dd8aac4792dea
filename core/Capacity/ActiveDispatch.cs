using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Capacity;

/// <summary>A workflow that holds cores of a worker (AD-43).</summary>
/// <param name="Workflow">Index in the job.</param>
/// <param name="DispatchedAt">On the manager's own clock; before its start for what it took over.</param>
/// <param name="Duration">How long it says that it runs.</param>
/// <param name="Timeout">Grace beyond the duration before it counts as hung.</param>
public readonly record struct ActiveDispatch(
    JobId Job,
    int Workflow,
    NodeId Worker,
    int Cores,
    Instant DispatchedAt,
    Duration Duration,
    Duration Timeout)
{
    /// <summary>What is left of its duration; zero once that is over.</summary>
    public Duration RemainingAt(Instant now) =>
        Duration.Longer(Duration - (now - DispatchedAt), Duration.Zero);

    /// <summary>How long until it is expected to give its cores back: what is left of its duration, of its
    /// timeout once the duration is over, and nothing after that.</summary>
    public Duration ExpectedEndAfter(Instant now)
    {
        var left = Duration - (now - DispatchedAt);
        return left > Duration.Zero ? left : Duration.Longer(left + Timeout, Duration.Zero);
    }
}

/// <summary>A workflow that waits for cores.</summary>
public readonly record struct PendingWorkflow(int Cores, Duration Duration);
