using System.Globalization;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>Processes that start their successor in a session of its own and are gone before they are
/// found. The storm ends by itself after some seconds.</summary>
public sealed class StormTests : IDisposable
{
    private const int Lines = 4;
    private const int StepsMax = 6000;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("storm-");

    private string Script => Path.Combine(_directory.FullName, "storm.sh");

    private string Log => Path.Combine(_directory.FullName, "steps");

    public StormTests()
    {
        File.WriteAllText(Log, "");
        File.WriteAllText(
            Script,
            $"[ $1 -gt 0 ] || exit 0\necho $$ >> {Log}\nsetsid sh \"$0\" $(($1-1)) $2 &\nexit 0\n");
    }

    public static TheoryData<string> Usable => EnforcerTests.Usable;

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task A_storm_of_sessions_is_over_once_its_supervisor_was_told_to_kill(string name)
    {
        var mark = Mark();
        await using var attempts = new Attempts(enforcer: EnforcerTests.Make(name));
        var attempt = attempts.Start(Attempts.Shell($"{Storm(mark)}; exec sleep {mark}"));
        await Attempts.UntilAsync(() => Steps() > Lines * 10, "the storm");

        attempts.Stop(attempt, WorkloadSignal.Kill);
        await attempts.EndOf(attempt);

        await NothingLivesAsync(mark);
    }

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task A_storm_that_outlives_its_supervisor_ends_with_the_attempt(string name)
    {
        var mark = Mark();
        await using var attempts = new Attempts(enforcer: EnforcerTests.Make(name));
        var attempt = attempts.Start(Attempts.Shell($"{Storm(mark)}; sleep 0.5; kill -9 $PPID"));

        await attempts.EndOf(attempt);
        Assert.True(Steps() > 0);

        await NothingLivesAsync(mark);
        var steps = File.ReadLines(Log)
            .Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToHashSet();
        await Attempts.UntilAsync(
            () => !ProcessScan.All().Entries.Any(each => steps.Contains(each.Id) && IsOwnZombie(each)),
            "everything to be reaped");
    }

    private static bool IsOwnZombie(ProcessEntry process) =>
        process.IsZombie && process.Parent == Environment.ProcessId;

    public void Dispose() => _directory.Delete(recursive: true);

    private string Storm(string mark) =>
        $"for i in {string.Join(' ', Enumerable.Range(1, Lines))}; do sh {Script} {StepsMax} {mark} & done";

    // A step of a storm is easily overlooked among the processes, but not what it writes.
    private async Task NothingLivesAsync(string mark)
    {
        var steps = Steps();
        Assert.True(steps < Lines * StepsMax, "it ended by itself");
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.Equal(steps, Steps());
        Assert.Empty(Attempts.Processes(mark));
    }

    private int Steps() => File.ReadLines(Log).Count();

    private static string Mark() => $"{71 + Random.Shared.Next(20)}.{Random.Shared.Next(1, 1_000_000_000)}";
}
