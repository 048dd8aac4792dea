using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>A job ledger fed by hand; invariants are checked after every entry.</summary>
internal sealed class JobLedgerBench(int endedPerGroupMax = 100, long endedBytesMax = 1_000_000)
{
    public JobLedger Ledger { get; private set; } = new(endedPerGroupMax, endedBytesMax);

    public ulong Fingerprint
    {
        get
        {
            var fingerprint = default(Fingerprint);
            Ledger.AddTo(ref fingerprint);
            return fingerprint.Value;
        }
    }

    /// <summary>Applies the group's next entry; its stamp is a thousand times its op.</summary>
    public JobVerdict When(JobCommand command, int group = 0)
    {
        var op = Ledger.AppliedOp(group) + 1;
        var verdict = Ledger.Apply(group, op, new WallTime(op * 1000), command);
        Ledger.CheckInvariants();
        return verdict;
    }

    public JobId Create(JobSpec spec, int group = 0)
    {
        Assert.Equal(JobVerdict.Applied, When(new JobCommand.JobCreated(spec), group));
        return new JobId(group, Ledger.AppliedOp(group));
    }

    public LedgerJob Job(JobId id)
    {
        Assert.True(Ledger.TryGet(id, out var job));
        return job;
    }

    public LedgerSlot Slot(SlotKey key) => Job(key.Job).Slots[key.Slot];

    public SlotKey Assign(JobId job, int slot, string datacenter)
    {
        var key = new SlotKey(job, slot, Job(job).Slots[slot].Epoch + 1);
        Assert.Equal(JobVerdict.Applied, When(new JobCommand.SlotAssigned(key, datacenter), job.Group));
        return key;
    }

    public SlotKey Start(JobId job, int slot, string datacenter)
    {
        var key = Assign(job, slot, datacenter);
        Assert.Equal(JobVerdict.Applied, When(new JobCommand.SlotStarting(key), job.Group));
        return key;
    }

    public JobVerdict Report(SlotKey key, SlotState state = SlotState.Completed, string reason = "done") =>
        When(new JobCommand.SlotReported(key, Specs.Outcome(state, reason)), key.Job.Group);

    /// <summary>Replaces the ledger by what its own bytes say.</summary>
    public void Restore()
    {
        var before = Fingerprint;
        var restored = new JobLedger(endedPerGroupMax, endedBytesMax);
        foreach (var group in Enumerable.Range(0, 8))
            Assert.True(restored.TryRestore(group, Ledger.Encode(group), out var fault), fault);
        Ledger = restored;
        Ledger.CheckInvariants();
        Assert.Equal(before, Fingerprint);
    }
}
