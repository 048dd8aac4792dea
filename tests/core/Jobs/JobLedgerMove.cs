using CsCheck;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>Numbers that mean a command, once there is a ledger to say which jobs and epochs there
/// are.</summary>
internal sealed record JobLedgerMove(int Kind, int Job, int Slot, int Epoch, int Choice)
{
    public const int Kinds = 12;

    private static readonly string[] Datacenters = ["east", "west", "north"];

    public static readonly Gen<JobLedgerMove> Gen = CsCheck.Gen.Select(
        CsCheck.Gen.Frequency(
            (2, CsCheck.Gen.Const(0)), (6, CsCheck.Gen.Int[1, 4]), (1, CsCheck.Gen.Int[5, Kinds - 1])),
        CsCheck.Gen.Int[0, 1000],
        CsCheck.Gen.Int[0, 1000],
        CsCheck.Gen.Int[0, 1000],
        CsCheck.Gen.Int[0, 1000],
        (kind, job, slot, epoch, choice) => new JobLedgerMove(kind, job, slot, epoch, choice));

    /// <summary>The group whose log the command goes to: nearly always the job's own.</summary>
    public int GroupOf(JobId job) => Choice % 23 == 0 ? 1 - (job.Group % 2) : job.Group;

    public (int Group, JobCommand Command) Meaning(JobLedger ledger)
    {
        if (Kind == 0 || ledger.Count == 0)
            return (Choice % 2, Created());
        if (Kind == 8) return (Choice % 2, new JobCommand.JobRefused(ReservedOf(), "not allowed"));
        if (Kind == 9) return (Choice % 2, new JobCommand.KeysExpired(RetentionOf()));
        var jobs = ledger.All.ToList();
        // One in twenty is a job that is not there.
        var found = Job % 20 == 0 ? null : jobs[Job % jobs.Count];
        var id = found?.Id ?? new JobId(Choice % 2, 100_000 + Job);
        var slot = Slot % ((found?.Slots.Count ?? 0) + (Slot % 20 == 0 ? 1 : 0) + (found is null ? 1 : 0));
        var epoch = EpochOf(found?.Slot(slot)?.Epoch ?? 0);
        var key = new SlotKey(id, slot, epoch);
        JobCommand command = Kind switch
        {
            1 => new JobCommand.SlotAssigned(
                key with { Epoch = epoch + (Epoch % 3 == 0 ? 0 : 1) }, Datacenters[Choice % 3]),
            2 => new JobCommand.SlotStarting(key),
            3 => new JobCommand.SlotReleased(key, $"reason {Choice % 5}"),
            4 => new JobCommand.SlotReported(key, Specs.Outcome((SlotState)(Choice % 3), $"result {Choice}")),
            5 => new JobCommand.CancelRequested(id),
            6 => new JobCommand.DeadlineReached(id),
            11 => new JobCommand.BudgetShare(
                key,
                1 + (Choice % 3),
                Math.Max(1, (found?.Slot(slot)?.ShareRevision ?? 0) + (Choice % 7 == 0 ? 0 : 1))),
            10 => new JobCommand.JobWithdrawn(id, "nobody took it"),
            _ => new JobCommand.JobUnplaceable(id, "too large"),
        };
        return (GroupOf(id), command);
    }

    // Some name no datacenter, some one for each slot, and one in nine one too many.
    private JobCommand.JobCreated Created() => new(SpecOf(), KeyOf(), TermsOf())
    {
        Datacenters = Choice % 9 == 0
            ? [.. Datacenters, "south"]
            : Datacenters[..(Job % (2 + (Slot % 3)))],
    };

    private JobTerms? TermsOf() => Choice % 4 == 0
        ? null
        : JobTerms.OfUnstamped(SpecOf()) with { RetryBudget = Choice % 9, RetryBudgetPerWorkflow = 0 };

    // Few keys, so that they meet again; one in eight submissions has another payload, one in three no key.
    private IdempotencyReservedEvent? KeyOf() => Epoch % 3 == 0 ? null : ReservedOf();

    private IdempotencyReservedEvent ReservedOf()
    {
        var number = Job % 6;
        var key = number < 3 ? KeyGens.Opaque($"key-{number}") : IdempotencyKey.Of("c", number, 7);
        return KeyGens.Reserve(key, payload: Slot % 8 == 0 ? 2 : 1);
    }

    private KeyRetention RetentionOf() => new(
        Duration.FromSeconds(1 + (Epoch % 30)), Duration.FromSeconds(1 + (Slot % 10)), 1 + (Job % 5));

    private int EpochOf(int current) => (Epoch % 15) switch
    {
        0 => current - 1,
        1 => current + 1,
        _ => current,
    };

    private JobSpec SpecOf() => Specs.Job(
        count: 1 + (Slot % 3),
        bestEffort: Epoch % 2 == 0
            ? null
            : new BestEffortSpec(Epoch % 4 == 1, Job % 4, null, Epoch % 8 == 1));
}
