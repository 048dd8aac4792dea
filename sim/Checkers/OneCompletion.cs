using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A job ends once, in one way, and stays ended for everyone who asks afterwards.</summary>
public sealed class OneCompletion() : Checker("one-completion", CheckerViews.Effects)
{
    private readonly SortedDictionary<JobId, End> _ends = [];

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (effect is NodeEffect.Emit { Event: TelemetryEvent.JobEnded ended })
            Same(ended.Job, ended.State, ended.Reason, outcome: null, $"{host.Id} says");
    }

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        switch (response)
        {
            case ClientResponse.Status status:
                Saw(status.Job, askedAt);
                break;
            case ClientResponse.CancelAccepted cancel:
                if (cancel.Job.IsTerminal && cancel.Job.State != JobState.Cancelled)
                    World.Coverage.Sometimes(Probe.CancelAfterTheEnd);
                Saw(cancel.Job, askedAt);
                break;
            case ClientResponse.Jobs jobs:
                foreach (var job in jobs.List) Saw(job, askedAt);
                break;
            default:
                break;
        }
    }

    private void Saw(JobStatus job, Instant askedAt)
    {
        if (job.IsTerminal) Same(job.Id, job.State, job.Reason, DigestOf(job), "a client sees");
        else StillOpen(job.Id, job.State, askedAt);
    }

    private void Saw(JobSummary job, Instant askedAt)
    {
        if (job.State is JobState.Completed or JobState.Failed or JobState.Cancelled)
            Same(job.Id, job.State, job.Reason, outcome: null, "a list says");
        else StillOpen(job.Id, job.State, askedAt);
    }

    private void Same(JobId job, JobState state, string reason, ulong? outcome, string who)
    {
        if (!_ends.TryGetValue(job, out var end))
        {
            World.Coverage.Sometimes(state switch
            {
                JobState.Completed => Probe.JobCompleted,
                JobState.Failed => Probe.JobFailed,
                _ => Probe.JobCancelled,
            });
            _ends.Add(job, end = new End(state, reason));
        }

        Require(end.State == state && end.Reason == reason, () =>
            $"{who} that {job} ended as {state} ({reason}); it ended as {end.State} ({end.Reason})");
        if (outcome is null) return;
        end.Outcome ??= outcome;
        Require(end.Outcome == outcome, () => $"{who} other results of {job} than were seen at its end");
        end.SeenAt = Instant.Sooner(end.SeenAt, World.Now);
    }

    private void StillOpen(JobId job, JobState state, Instant askedAt)
    {
        if (!_ends.TryGetValue(job, out var end)) return;
        Require(askedAt <= end.SeenAt, () =>
            $"{job} is {state} for a request of {askedAt}, and a client saw its end at {end.SeenAt}");
    }

    private static ulong DigestOf(JobStatus job)
    {
        var digest = new Fingerprint();
        foreach (var slot in job.Slots)
        {
            // A slot without an outcome may still be given back after the job's end; results never change.
            if (slot.Outcome is not { } outcome) continue;
            digest.Add((long)slot.Slot);
            digest.Add(slot.Datacenter);
            digest.Add((long)outcome.State);
            foreach (var result in outcome.Workflows)
            {
                digest.Add((long)result.Workflow);
                digest.Add((long)result.Attempts);
                digest.Add(result.Worker);
                digest.Add((long)result.Outcome.State);
                result.Outcome.Stats.AddTo(ref digest);
            }
        }

        return digest.Value;
    }

    private sealed class End(JobState state, string reason)
    {
        public JobState State { get; } = state;

        public string Reason { get; } = reason;

        public ulong? Outcome { get; set; }

        public Instant SeenAt { get; set; } = Instant.Never;
    }
}
