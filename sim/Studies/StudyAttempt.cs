using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Studies;

/// <summary>A job at its gate, from its arrival to its end.</summary>
internal sealed class StudyWork(StudyJob job)
{
    public static readonly Duration Timeout = Duration.FromSeconds(10);

    public StudyJob Job { get; } = job;

    public JobId Id { get; } = new(0, job.Number);

    public JobSpec Spec { get; } = new(
        $"job-{job.Number}",
        new DatacenterChoice(1, [], []),
        null,
        null,
        null,
        null,
        [],
        [
            new WorkflowSpec(
                "load", WorkflowKind.Exec, job.Cores, job.Duration, Timeout, null, null, [], null, null,
                null),
        ]);

    /// <summary>Datacenters that did not answer.</summary>
    public List<SlotRefusal> Refusals { get; } = [];

    /// <summary>Its place; null before it has one.</summary>
    public StudyAttempt? Attempt { get; set; }

    public bool IsEnded { get; set; }
}

internal enum StudyCall : byte { None, Reserve, Start }

/// <summary>One place that a job was sent to.</summary>
/// <param name="place">Index of the datacenter.</param>
internal sealed class StudyAttempt(StudyWork work, int place, Instant askedAt)
{
    public StudyWork Work { get; } = work;

    public StudyJob Job => Work.Job;

    public int Place { get; } = place;

    public Instant AskedAt { get; } = askedAt;

    /// <summary>What the datacenter is asked for and has not answered.</summary>
    public StudyCall Call { get; set; } = StudyCall.Reserve;

    /// <summary>How often.</summary>
    public int Sent { get; set; }

    /// <summary>Whether the job is still meant to be there.</summary>
    public bool IsCurrent => !Work.IsEnded && Work.Attempt == this;
}
