using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A job completes for the first reason that fits what its slots reported (AD-44), at its deadline
/// at the latest once the world is healed, and soon after that nothing of it runs any more.</summary>
/// <remarks>The reasons are found here once more, from the outcomes alone: what is checked is how the ledger
/// finds them.</remarks>
public sealed class BestEffort() : Checker("best-effort", CheckerViews.Steps | CheckerViews.Effects)
{
    // The deadline's entry, a change of the primary that was to propose it, and a manager's that was to stop
    // what runs.
    private static readonly Duration Slack = Duration.FromSeconds(20);

    // Stamps are whole milliseconds, of which a node knows the time of its last look at the clock.
    private static readonly Duration Rounding = Duration.FromMilliseconds(2);

    private readonly SortedDictionary<JobId, Instant> _takenAt = [];
    private readonly SortedDictionary<JobId, Instant> _endedAt = [];
    private readonly SortedDictionary<JobId, Duration> _deadlines = [];

    // Jobs to which a result was added in the step that ended them: how they ended is not seen any more.
    private readonly SortedSet<JobId> _merged = [];

    // Views that came to nothing while no quorum was there leave the last one eight times its 2.5 s, and up
    // to a quarter more.
    private static readonly Duration LongestView = Duration.FromSeconds(25);

    private Instant HealedAt => Instant.Zero + World.Plan.FaultsEnd + LongestView;

    // A stamp is of the clock of whoever led when it was taken.
    private bool IsClockSteady => !World.Plan.Options.Has(FaultFamily.Clock);

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (World.Plan.Options.Gate.BestEffort.LateResults == LateResultPolicy.LogOnly) return;
        if (host.Node is not GateNode) return;
        foreach (var effect in effects.Effects)
            if (effect is NodeEffect.Emit { Event: TelemetryEvent.LateResult { IsMerged: true } late })
                _merged.Add(late.Slot.Job);
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Emit { Event: TelemetryEvent.JobAccepted { Job: var job } }:
                OnTaken(host, job);
                break;
            case NodeEffect.Emit { Event: TelemetryEvent.JobEnded { Job: var job } }
                when _endedAt.TryAdd(job, World.Now) && host.Node is GateNode gate:
                if (!_merged.Contains(job) && gate.Ledger.TryGet(job, out var ended)) Judge(ended);
                break;
            default:
                break;
        }
    }

    public override void OnProcessEnded(SimProcess process) => StopsWithItsJob(process.Attempt);

    public override void OnEnd()
    {
        // A gate that died in the step that ended a job may have told nobody. Where late results are merged
        // it does not show any more how the job ended.
        var ended = World.Hosts.Select(host => host.Node).OfType<GateNode>()
            .SelectMany(gate => gate.Ledger.All).Where(job => job.IsEnded).DistinctBy(job => job.Id).ToList();
        if (World.Plan.Options.Gate.BestEffort.LateResults == LateResultPolicy.LogOnly)
            foreach (var job in ended)
                if (!_endedAt.ContainsKey(job.Id)) Judge(job);
        var isOver = new SortedSet<JobId>(ended.Select(job => job.Id).Concat(_endedAt.Keys));
        foreach (var (job, deadline) in _deadlines)
        {
            var latest = Instant.Later(_takenAt[job] + deadline, HealedAt) + Slack;
            var at = _endedAt.GetValueOrDefault(job, isOver.Contains(job) ? latest : World.Now);
            Require(at <= latest, () =>
                $"{job}, taken at {_takenAt[job]}, had not ended before {at}; its deadline was {deadline} "
                + "after that");
        }

        foreach (var place in World.Places)
            foreach (var running in World.Processes.RunningOn(place.Index)) StopsWithItsJob(running.Attempt);
    }

    /// <summary>Waits for the deadline of a job that was accepted.</summary>
    public void Take(LedgerJob job)
    {
        if (IsClockSteady && job.Terms.Deadline is { } deadline) _deadlines.Add(job.Id, deadline);
    }

    /// <summary>Whether a job ended for the right reason.</summary>
    public void Judge(LedgerJob job)
    {
        if (job.State == JobState.Cancelled || job.Completion == CompletionReason.Waiting) return;
        var isEnabled = job.Spec.BestEffort is { Enabled: true };
        var min = isEnabled
            ? Math.Clamp(MinDcsOf(job.Spec), 1, job.Slots.Count)
            : job.Slots.Count;
        var completed = job.Slots.Count(slot => slot.Outcome?.State == SlotState.Completed);
        var open = job.Slots.Count(slot => slot.Outcome is null);
        var isWaiting = job.Spec.BestEffort is { WaitForAll: true };
        var reason = open == 0 ? CompletionReason.AllDcsReported
            : isEnabled && completed >= min && (!isWaiting || IsDue(job))
                ? CompletionReason.MinDcsReached
            : isEnabled && completed + open < min ? CompletionReason.MinDcsUnreachable
            : CompletionReason.DeadlineExpired;
        Require(job.Completion == reason, () => $"{job.Id} is complete as {job.Completion}; it is {reason}");
        Require(job.State == JobState.Completed == completed >= min, () =>
            $"{job.Id} ended as {job.State} with {completed} slots; it needs {min}");
        Require(reason != CompletionReason.DeadlineExpired || IsDue(job), () =>
            $"{job.Id}, submitted at {job.Submitted}, is at its deadline at {job.Ended}");
    }

    private void OnTaken(SimHost host, JobId id)
    {
        if (!_takenAt.TryAdd(id, World.Now)) return;
        if (host.Node is GateNode gate && gate.Ledger.TryGet(id, out var job)) Take(job);
    }

    private int MinDcsOf(JobSpec spec) =>
        spec.BestEffort!.MinDcs ?? World.Plan.Options.Gate.BestEffort.DefaultMinDcs;

    private bool IsDue(LedgerJob job) =>
        !IsClockSteady || job.Terms.Deadline is not { } deadline
        || job.Ended + Rounding >= job.Submitted + deadline;

    private void StopsWithItsJob(AttemptKey attempt)
    {
        if (!_endedAt.TryGetValue(attempt.Slot.Job, out var ended)) return;
        var latest = Instant.Later(ended, HealedAt) + Slack;
        Require(World.Now <= latest, () => $"{attempt} still runs at {World.Now}; its job ended at {ended}");
    }
}
