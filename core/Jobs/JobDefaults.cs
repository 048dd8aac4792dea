using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>What an absent field of the job file means, for all fields that have such a meaning.</summary>
/// <remarks>
/// Two defaults look at each other, so that what is given always wins: the time of a request is never longer
/// by default than its workflow's timeout, and the workflow's timeout never shorter by default than that of
/// its requests. An empty or absent <c>expect</c> takes every status from 200 to 399 for a success. Retry
/// budgets and what best effort needs and waits stay absent in the specification: the gates' configuration
/// has their defaults (AD-44).
/// </remarks>
public static class JobDefaults
{
    /// <summary>Datacenters a job runs in.</summary>
    public const int Datacenters = 1;

    /// <summary>Cores of its worker that a workflow takes.</summary>
    public const int Cores = 1;

    public const string Method = "GET";

    /// <summary>A <c>bestEffort</c> block that does not say otherwise means it.</summary>
    public const bool IsBestEffort = true;

    /// <summary>Grace of a workflow beyond its duration.</summary>
    public static readonly Duration WorkflowTimeout = Duration.FromSeconds(30);

    /// <summary>Time for one request.</summary>
    public static readonly Duration RequestTimeout = Duration.FromSeconds(10);

    /// <summary>The timeouts of a workflow and of its requests where one or both are absent.</summary>
    public static (Duration Workflow, Duration Request) Timeouts(Duration? workflow, Duration? request)
    {
        var ofRequest = request ?? Duration.Shorter(RequestTimeout, workflow ?? WorkflowTimeout);
        return (workflow ?? Duration.Longer(WorkflowTimeout, ofRequest), ofRequest);
    }
}
