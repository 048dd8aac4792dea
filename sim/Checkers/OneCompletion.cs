using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;
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
            Same(ended.Job, ended.State, ended.Reason, $"{host.Id} says");
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

    public override void OnEnd()
    {
        foreach (var host in World.Hosts)
        {
            if (host.Node is not GateNode gate) continue;
            foreach (var replica in gate.Replicas)
                foreach (var job in gate.Ledger.In(replica.Group).Where(job => job.IsEnded)) Keeps(host, job);
        }
    }

    private void Keeps(SimHost host, LedgerJob job)
    {
        var end = Same(job.Id, job.State, job.Reason, $"the ledger of {host.Id} says");
        var slots = job.Slots.Select(slot => (slot.Slot, slot.Datacenter, slot.Outcome));
        SameResults(job.Id, end, slots, $"the ledger of {host.Id} has");
    }

    private void Saw(JobStatus job, Instant askedAt)
    {
        if (!job.IsTerminal)
        {
            StillOpen(job.Id, job.State, askedAt);
            return;
        }

        var end = Same(job.Id, job.State, job.Reason, "a client sees");
        var slots = job.Slots.Select(slot => (slot.Slot, slot.Datacenter, slot.Outcome));
        SameResults(job.Id, end, slots, "a client sees");
        end.SeenAt = Instant.Sooner(end.SeenAt, World.Now);
    }

    private void Saw(JobSummary job, Instant askedAt)
    {
        if (job.State is JobState.Completed or JobState.Failed or JobState.Cancelled)
            Same(job.Id, job.State, job.Reason, "a list says");
        else StillOpen(job.Id, job.State, askedAt);
    }

    private End Same(JobId job, JobState state, string reason, string who)
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
        return end;
    }

    /// <summary>A slot's results never change; those of one that had none at the end come later only where
    /// late results are merged.</summary>
    private void SameResults(
        JobId job,
        End end,
        IEnumerable<(int Slot, string Datacenter, SlotOutcome? Outcome)> slots,
        string who)
    {
        foreach (var (slot, datacenter, outcome) in slots)
        {
            if (outcome is null) continue;
            var digest = DigestOf(datacenter, outcome);
            if (end.Results.TryAdd(slot, digest))
            {
                Require(!end.HasResults || IsMergingLate, () =>
                    $"{who} results of slot {slot} of {job} that were not there at its end");
            }

            Require(end.Results[slot] == digest, () =>
                $"{who} other results of slot {slot} of {job} than were seen before");
        }

        end.HasResults = true;
    }

    private bool IsMergingLate =>
        World.Plan.Options.Gate.BestEffort.LateResults == LateResultPolicy.UpdateResult;

    private void StillOpen(JobId job, JobState state, Instant askedAt)
    {
        if (!_ends.TryGetValue(job, out var end)) return;
        Require(askedAt <= end.SeenAt, () =>
            $"{job} is {state} for a request of {askedAt}, and a client saw its end at {end.SeenAt}");
    }

    private static ulong DigestOf(string datacenter, SlotOutcome outcome)
    {
        var digest = new Fingerprint();
        digest.Add(datacenter);
        digest.Add((long)outcome.State);
        foreach (var result in outcome.Workflows)
        {
            digest.Add((long)result.Workflow);
            digest.Add((long)result.Attempts);
            digest.Add(result.Worker);
            digest.Add((long)result.Outcome.State);
            result.Outcome.Stats.AddTo(ref digest);
        }

        return digest.Value;
    }

    private sealed class End(JobState state, string reason)
    {
        public JobState State { get; } = state;

        public string Reason { get; } = reason;

        /// <summary>Digests of what was seen, by slot.</summary>
        public SortedDictionary<int, ulong> Results { get; } = [];

        public bool HasResults { get; set; }

        public Instant SeenAt { get; set; } = Instant.Never;
    }
}
