using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Reliability;

/// <summary>A datacenter's ledger with one slot of one workflow, whose attempts all fail, and the log that
/// made it.</summary>
internal sealed class RetryingSlot
{
    private static readonly NodeId Gate = NodeId.Of("gate-1");
    private static readonly NodeId Worker = NodeId.Of("worker-1");

    private static readonly AttemptOutcome Failed = new(
        AttemptState.Failed, "exit code 3", 3, RunStats.None, default);

    private readonly List<DispatchCommand> _log = [];

    public RetryingSlot(RetryShare share)
    {
        Commit(new DispatchCommand.SlotReserved(Key, 1, Gate, Specs.Job(), null, share));
        Commit(new DispatchCommand.SlotStarted(Key, 1, Gate));
        RunAndFail();
    }

    private RetryingSlot(IEnumerable<DispatchCommand> log)
    {
        foreach (var command in log) Commit(command);
    }

    public static SlotKey Key => new(new JobId(0, 1), 0, 1);

    public DispatchLedger Ledger { get; } = new();

    /// <summary>Every entry that was committed.</summary>
    public IReadOnlyList<DispatchCommand> Log => _log;

    /// <summary>Grants that the ledger accepted.</summary>
    public int Granted { get; private set; }

    public RetryBudgetState Budget => Ledger.Find(Key)!.Budget;

    public WorkflowRecord Workflow => Ledger.Find(Key)!.Workflows[0];

    /// <summary>The number of the attempt that would come next.</summary>
    public int Next => Workflow.Attempts + 1;

    /// <summary>What a primary finds whose log has no more than the first entries of this one.</summary>
    public RetryingSlot After(int entries) => new(_log.Take(entries));

    public DispatchVerdict Grant(int attempt) =>
        Commit(new DispatchCommand.RetryGranted(new AttemptKey(Key, 0, attempt), "exit code 3"));

    public DispatchVerdict Share(int share, long revision) =>
        Commit(new DispatchCommand.BudgetShared(Key, 1, Gate, share, revision, IsFinal: false));

    public DispatchVerdict Run() => Commit(
        new DispatchCommand.AttemptStarted(new AttemptKey(Key, 0, Next), Worker, new BootId(1)));

    public DispatchVerdict Fail() => Commit(
        new DispatchCommand.AttemptEnded(new AttemptKey(Key, 0, Workflow.Attempts), Worker, Failed));

    public void RunAndFail()
    {
        Run();
        Fail();
    }

    private DispatchVerdict Commit(DispatchCommand command)
    {
        _log.Add(command);
        var verdict = Ledger.Apply(new WallTime(1000 + _log.Count), command);
        if (verdict == DispatchVerdict.Accepted && command is DispatchCommand.RetryGranted) Granted++;
        return verdict;
    }
}
