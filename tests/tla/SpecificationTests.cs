using System.Globalization;

namespace Hyperscale.Det.Tests.Tla;

/// <summary>Every invariant holds in every configuration, and breaks with a rule that it is to
/// notice.</summary>
public sealed class SpecificationTests : IClassFixture<ModelChecker>
{
    private const string Vsr = "PerJobVsr";
    private const string Keys = "Idempotency";
    private const string Budget = "RetryBudget";
    private const string Effort = "BestEffort";
    private const string Crash = "PerJobVsr-crash.cfg";
    private const string Exit = "PerJobVsr-exit.cfg";
    private const string Transfer = "PerJobVsr-transfer.cfg";
    private const string Loss = "PerJobVsr-loss.cfg";
    private const string Move = "Idempotency-move.cfg";
    private const string Again = "Idempotency-again.cfg";
    private const string Share = "RetryBudget-share.cfg";
    private const string Return = "RetryBudget-return.cfg";
    private const string Wait = "RetryBudget-wait.cfg";
    private const string Grant = "RetryBudget-grant.cfg";
    private const string Race = "BestEffort-race.cfg";
    private const string Late = "BestEffort-late.cfg";

    /// <summary>Configuration and states; tla/README.md has the same table.</summary>
    public static TheoryData<string, string, int> Configurations => new()
    {
        { Vsr, Crash, 6_982 },
        { Vsr, Exit, 3_920 },
        { Vsr, Transfer, 3_488 },
        { Vsr, Loss, 13_733 },
        { Keys, Move, 9_532 },
        { Keys, Again, 10_103 },
        { Budget, Share, 4_722 },
        { Budget, Return, 3_433 },
        { Budget, Wait, 6_260 },
        { Budget, Grant, 3_218 },
        { Effort, Race, 3_952 },
        { Effort, Late, 4_889 },
    };

    /// <summary>Module, configuration, the broken rule, the invariant that notices, and constants that make
    /// the way there short.</summary>
    public static TheoryData<string, string, string, string, string> Bugs => new()
    {
        { Vsr, Crash, "LongestLogWins", "CommittedSurvives", "MaxCrashes=0 MaxView=2" },
        { Vsr, Crash, "AckOverGap", "AckedIsWritten", "MaxCrashes=0 MaxOps=2" },
        { Vsr, Crash, "AckBeforeDisk", "AckedIsWritten", "" },
        { Vsr, Crash, "OwnVoteBeforeDisk", "CommittedSurvives", "" },
        { Vsr, Crash, "ResumesView", "OneLogPerView", "" },
        { Vsr, Crash, "ResumesView", "Agreement", "" },
        { Vsr, Crash, "PrepareBeforeView", "ViewsKept", "" },
        { Vsr, Crash, "BeginsAgain", "CommittedSurvives", "" },
        { Vsr, Exit, "LeavesAlone", "LeftByQuorum", "" },
        { Vsr, Exit, "LeadsAtOnce", "LeaderKnowsAll", "AskExit=FALSE" },
        { Vsr, Exit, "ViewWithoutQuorum", "CommittedSurvives", "AskExit=FALSE" },
        { Vsr, Transfer, "OldLogCutsOff", "AckedIsWritten", "" },
        { Vsr, Transfer, "CutsOffFirst", "AckedIsWritten", "MayFallBehind=FALSE" },
        { Vsr, Transfer, "LastNormalTooEarly", "CommittedSurvives", "MayFallBehind=FALSE" },
        { Vsr, Loss, "OldLifeCounts", "CommittedSurvives", "" },
        { Vsr, Loss, "OldLogInNewLife", "CommittedSurvives", "" },
        { Vsr, Loss, "EmptyDiskStarts", "ViewsKept", "" },
        { Vsr, Loss, "LifeToldOnce", "ViewsKept", "" },
        { Vsr, Loss, "RecoversFromAnyone", "CommittedSurvives", "" },
        { Keys, Again, "OnlyGateMemory", "OneJobPerKey", "" },
        { Keys, Again, "NoTombstone", "OneAnswer", "MaxView=0 MaxInFlight=1" },
        { Keys, Again, "WithdrawsWhatStarts", "AnswerIsCommitted", "" },
        { Keys, Again, "AnswersTooEarly", "AnswerIsCommitted", "" },
        { Keys, Again, "ExpiresWhatLives", "KeyOutlivesJob", "" },
        { Keys, Move, "AnyPayload", "AnswerFitsPayload", "Payloads={\"p\",\"q\"}" },
        { Keys, Move, "SilenceReleases", "OneStart", "MaxView=0 MaxInFlight=1" },
        { Keys, Move, "RefusalForgotten", "OneStart", "MaxView=0 MaxInFlight=1" },
        { Keys, Move, "StartsTooEarly", "StartIsCommitted", "" },
        { Keys, Move, "TwoAtOnce", "StartIsCommitted", "" },
        { Keys, Move, "FenceIgnored", "FenceKept", "" },
    };

    /// <summary>The same, of what is built on replicated ledgers for jobs that fail.</summary>
    public static TheoryData<string, string, string, string, string> ReliabilityBugs => new()
    {
        { Budget, Share, "SplitsUp", "TotalKept", "" },
        { Budget, Return, "GivesWhatIsGone", "SharesConserved", "Total=3" },
        { Budget, Return, "ReturnsAll", "TotalKept", "" },
        { Budget, Share, "FinalTooEarly", "FinalIsTrue", "" },
        { Budget, Return, "OldAskCounts", "FinalIsTrue", "Total=3" },
        { Budget, Share, "SharesTooEarly", "SharesConserved", "" },
        { Budget, Grant, "GrantsAgain", "RepeatsTakeOne", "Workflows={1} Cap=2" },
        { Budget, Return, "GrantsBeyondShare", "ShareKept", "" },
        { Budget, Return, "OldShareCounts", "ShareKept", "" },
        { Budget, Grant, "CapForgotten", "CapKept", "" },
        { Budget, Grant, "DispatchesTooEarly", "GrantedFirst", "" },
        { Budget, Grant, "FreeRetry", "AttemptsKept", "Workflows={1}" },
        { Effort, Late, "DeadlineFirst", "ReasonsInOrder", "" },
        { Effort, Late, "WaitsForNobody", "ReasonsInOrder", "" },
        { Effort, Late, "WaitsInVain", "ReasonsInOrder", "" },
        { Effort, Race, "DeadlineSucceeds", "SuccessIsEnough", "" },
        { Effort, Race, "ReportsAgain", "OutcomeOnce", "" },
        { Effort, Race, "LateCounts", "LateAsAgreed", "" },
        { Effort, Late, "LateDecides", "OneCompletion", "" },
        { Effort, Race, "CancelsWhatEnded", "OneCompletion", "" },
        { Effort, Race, "CancelForgotten", "CancelWins", "" },
        { Effort, Race, "CompletesApart", "CompletesAtOnce", "" },
        { Effort, Race, "TellsTooEarly", "ToldIsCommitted", "" },
        { Effort, Race, "StopsTooEarly", "StopsUnwanted", "" },
        { Effort, Race, "DeadlineTooEarly", "DeadlineIsPast", "" },
    };

    [Theory]
    [MemberData(nameof(Configurations))]
    public async Task Every_state_within_the_bounds_keeps_every_invariant(
        string module, string config, int states)
    {
        var result = await ModelChecker.Check(module, config);

        Assert.True(result.Violated is null, $"{result.Violated} does not hold:\n{result.Trace}");
        Assert.Equal(states, result.States);
    }

    [Theory]
    [MemberData(nameof(Bugs))]
    [MemberData(nameof(ReliabilityBugs))]
    public async Task A_broken_rule_is_noticed(
        string module, string config, string bug, string invariant, string constants)
    {
        string[] smaller = [.. constants.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        var result = await ModelChecker.Check(
            module, config, [$"Bug=\"{bug}\"", .. smaller, "--only", invariant]);

        Assert.Equal(invariant, result.Violated);
    }

    [Theory]
    [InlineData(Vsr)]
    [InlineData(Keys)]
    [InlineData(Budget)]
    [InlineData(Effort)]
    public void Every_invariant_is_broken_by_a_rule_and_every_rule_breaks_one(string module)
    {
        var rows = Bugs.Concat(ReliabilityBugs)
            .Where(row => row.Data.Item1 == module).Select(row => row.Data).ToList();

        Assert.Equal(Specifications.BugsOf(module), rows.Select(row => row.Item3).Distinct().Order());
        foreach (var config in Specifications.ConfigsOf(module))
            Assert.Equal(
                Specifications.InvariantsOf(config).Order(),
                rows.Select(row => row.Item4).Distinct().Order());
    }

    [Fact]
    public void Every_configuration_is_checked_here_or_left_to_a_faster_checker()
    {
        var modules = new[] { Vsr, Keys, Budget, Effort };
        var known = Configurations.Select(row => row.Data.Item2)
            .Concat(modules.Select(module => module + "-large.cfg"));

        Assert.Equal(known.Order(), modules.SelectMany(Specifications.ConfigsOf).Order());
    }

    [Fact]
    public void The_readme_has_the_state_counts()
    {
        var readme = Specifications.Read("README.md");

        Assert.All(Configurations, row => Assert.Matches(
            $@"\| `{row.Data.Item2}` \|.*\| {row.Data.Item3.ToString("N0", CultureInfo.InvariantCulture)} \|",
            readme));
    }

    [Fact]
    public async Task A_constant_or_invariant_that_does_not_exist_is_an_error()
    {
        var constant = await Record.ExceptionAsync(() => ModelChecker.Check(Vsr, Crash, "Bugs=1"));
        var invariant = await Record.ExceptionAsync(
            () => ModelChecker.Check(Vsr, Crash, "--only", "Nothing"));

        Assert.Contains("no constant 'Bugs'", constant!.Message, StringComparison.Ordinal);
        Assert.Contains("no invariant 'Nothing'", invariant!.Message, StringComparison.Ordinal);
    }
}
