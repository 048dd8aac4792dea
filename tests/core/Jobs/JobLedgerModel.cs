using Hyperscale.Det.Jobs;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>What a job must be, found from the list of its entries that were applied, without a state of its
/// own.</summary>
internal sealed class JobLedgerModel(JobSpec spec)
{
    private readonly List<JobCommand> _applied = [];

    public void Add(JobCommand command) => _applied.Add(command);

    /// <summary>The datacenters that may have been told to start a slot and have not refused since: never
    /// more than one.</summary>
    public IReadOnlyList<string> Starters(int slot)
    {
        var starters = new List<string>();
        for (var i = 0; i < _applied.Count; i++)
        {
            if (_applied[i] is not JobCommand.SlotStarting starting || starting.Slot.Slot != slot) continue;
            var key = starting.Slot;
            var isRefused = _applied.Skip(i).Any(c => c is JobCommand.SlotReleased r && r.Slot == key);
            if (!isRefused) starters.Add(DatacenterOf(key));
        }

        return starters;
    }

    /// <summary>The outcomes that count: one a slot, of its present epoch.</summary>
    public IReadOnlyList<SlotOutcome?> Outcomes =>
    [
        .. Enumerable.Range(0, spec.Datacenters.Count).Select(slot => _applied
            .OfType<JobCommand.SlotReported>().Where(c => c.Slot.Slot == slot).Select(c => c.Outcome)
            .SingleOrDefault()),
    ];

    /// <summary>The state that follows from what was applied.</summary>
    public JobState State
    {
        get
        {
            var isDeadline = _applied.Any(c => c is JobCommand.DeadlineReached);
            if (_applied.Any(c => c is JobCommand.CancelRequested))
                return isDeadline || !AnyOpen ? JobState.Cancelled : JobState.Cancelling;
            if (_applied.Any(c => c is JobCommand.JobUnplaceable or JobCommand.JobWithdrawn))
                return JobState.Failed;
            var check = Specs.Completion(
                spec.BestEffort, [.. Outcomes.Select(outcome => outcome?.State)], isDeadline);
            if (check.IsComplete) return check.IsSuccess ? JobState.Completed : JobState.Failed;
            return _applied.Any(c => c is JobCommand.SlotStarting) ? JobState.Running : JobState.Accepted;
        }
    }

    private bool AnyOpen => _applied.OfType<JobCommand.SlotAssigned>().Any(assigned => !_applied.Any(
        c => (c is JobCommand.SlotReleased released && released.Slot == assigned.Slot)
            || (c is JobCommand.SlotReported reported && reported.Slot == assigned.Slot)));

    private string DatacenterOf(SlotKey key) =>
        _applied.OfType<JobCommand.SlotAssigned>().Single(assigned => assigned.Slot == key).Datacenter;
}
