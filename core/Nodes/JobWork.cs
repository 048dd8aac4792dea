using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>What a gate does about a job: everything here can be lost and is found again.</summary>
internal sealed class JobWork(int slots)
{
    private JobShape? _shape;

    public IReadOnlyList<SlotWork> Slots { get; } =
        [.. Enumerable.Range(0, slots).Select(_ => new SlotWork())];

    /// <summary>When the job has waited as long as it may, on the gate's clock; null until it is found.
    /// </summary>
    public Instant? Deadline { get; set; }

    /// <summary>Until when its cancellation waits for datacenters, on the gate's clock; null before it is
    /// cancelled.</summary>
    public Instant? CancelDeadline { get; set; }

    /// <summary>A cancellation is proposed and not committed.</summary>
    public bool IsCancelProposed { get; set; }

    /// <summary>The passing of the deadline is proposed and not committed.</summary>
    public bool IsDeadlineProposed { get; set; }

    /// <summary>An end without any datacenter is proposed and not committed.</summary>
    public bool IsUnplaceableProposed { get; set; }

    /// <summary>A withdrawal is proposed and not committed.</summary>
    public bool IsWithdrawProposed { get; set; }

    /// <summary>Counts visible changes that the ledger does not know.</summary>
    public long Changes { get; set; }

    /// <summary>Who asked for the cancellation and waits for its entry.</summary>
    public List<Caller> CancelCallers { get; } = [];

    /// <summary>How many entries about the job are proposed and not committed.</summary>
    public int Proposed => Slots.Count(slot => slot.Proposed != SlotProposal.None)
        + (IsCancelProposed ? 1 : 0) + (IsDeadlineProposed ? 1 : 0) + (IsUnplaceableProposed ? 1 : 0)
        + (IsWithdrawProposed ? 1 : 0);

    /// <summary>Of the job's workflows, which never change: found once.</summary>
    public JobShape ShapeOf(JobSpec spec) => _shape ??= JobShape.Of(spec.Workflows);

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Deadline ?? Instant.Never);
        fingerprint.Add(CancelDeadline ?? Instant.Never);
        fingerprint.Add(IsCancelProposed);
        fingerprint.Add(IsDeadlineProposed);
        fingerprint.Add(IsUnplaceableProposed);
        fingerprint.Add(IsWithdrawProposed);
        fingerprint.Add(Changes);
        fingerprint.Add((long)CancelCallers.Count);
        foreach (var caller in CancelCallers) caller.AddTo(ref fingerprint);
        foreach (var slot in Slots) slot.AddTo(ref fingerprint);
    }
}

/// <summary>The entry about a slot that is proposed and not committed.</summary>
internal enum SlotProposal : byte { None, Assign, Start, Release, Report, Share }

/// <summary>What a manager is told about a slot.</summary>
internal enum SlotCommand : byte { None, Reserve, Start, Cancel }

/// <summary>What a gate does about a slot.</summary>
internal sealed class SlotWork
{
    private int _epoch;
    private SlotCommand _command;

    public SlotProposal Proposed { get; set; }

    /// <summary>Where the proposed assignment goes; empty without one.</summary>
    public string ProposedDatacenter { get; set; } = "";

    /// <summary>The manager that reported, or asked for more retries, and waits to hear that it is
    /// committed.</summary>
    public NodeId Reporter { get; set; }

    /// <summary>How often the command that is unanswered was sent.</summary>
    public int Sent { get; private set; }

    /// <summary>When the datacenter of this epoch was first asked.</summary>
    public Instant? AskedAt { get; set; }

    /// <summary>Before it, no datacenter that refused is asked again.</summary>
    public Instant RetryAt { get; set; }

    /// <summary>Until when a datacenter is told that its slot's job has ended.</summary>
    public Instant? WithdrawUntil { get; set; }

    public bool IsStarted { get; set; }

    /// <summary>When its datacenter last told or asked of it while it runs; null before.</summary>
    public Instant? HeardAt { get; set; }

    /// <summary>The revision of the share of retries that is known to be used up; -1 before the
    /// first.</summary>
    public long SpentRevision { get; set; } = -1;

    /// <summary>The datacenter's estimate until its first cores are free.</summary>
    public Duration? Wait { get; set; }

    /// <summary>What an unassigned slot waits for.</summary>
    public string Waiting { get; set; } = "";

    public ReportOrder Reports { get; private set; } = new();

    public IReadOnlyList<WorkflowProgress> Workflows { get; set; } = [];

    /// <summary>Forgets what belonged to an earlier assignment.</summary>
    public void Follow(int epoch)
    {
        if (epoch == _epoch) return;
        _epoch = epoch;
        ForgetSendings();
        AskedAt = null;
        WithdrawUntil = null;
        IsStarted = false;
        HeardAt = null;
        SpentRevision = -1;
        Wait = null;
        Waiting = "";
        Reports = new ReportOrder();
        Workflows = [];
    }

    /// <summary>Counts one more sending of a command; another command counts from one.</summary>
    public void CountSending(SlotCommand command)
    {
        Sent = _command == command ? Sent + 1 : 1;
        _command = command;
    }

    /// <summary>What was sent may be lost: the next sending counts as the first.</summary>
    public void ForgetSendings() => _command = SlotCommand.None;

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)_epoch);
        fingerprint.Add((long)_command);
        fingerprint.Add((long)Proposed);
        fingerprint.Add(ProposedDatacenter);
        fingerprint.Add(Reporter);
        fingerprint.Add((long)Sent);
        fingerprint.Add(AskedAt ?? Instant.Never);
        fingerprint.Add(RetryAt);
        fingerprint.Add(WithdrawUntil ?? Instant.Never);
        fingerprint.Add(IsStarted);
        fingerprint.Add(HeardAt ?? Instant.Never);
        fingerprint.Add(SpentRevision);
        fingerprint.Add(Wait?.Nanoseconds ?? -1);
        fingerprint.Add(Waiting);
        Reports.AddTo(ref fingerprint);
        foreach (var workflow in Workflows)
        {
            fingerprint.Add((long)workflow.Workflow);
            fingerprint.Add((long)workflow.Phase);
            fingerprint.Add(workflow.Worker);
            workflow.Stats.AddTo(ref fingerprint);
        }
    }
}
