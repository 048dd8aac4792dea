using Hyperscale.Det.Sim.Cli;
using Hyperscale.Det.Sim.Mutation;

namespace Hyperscale.Det.Tests.Sim.Exhaustive;

/// <summary>Small bounds are exhausted, and a broken replica does not come through them.</summary>
public sealed class ExplorerTests
{
    private const string Normal = "core/Replication/VsrReplica.Normal.cs";
    private const string Change = "core/Replication/VsrReplica.ViewChange.cs";
    private const string Whole = "core/Replication/VsrReplica.cs";

    /// <summary>Bounds, what is wrong, and where.</summary>
    public static TheoryData<string, string, string, string, string> Planted => new()
    {
        {
            "--views 1 --entries 0 --crashes 1", "an acknowledgement leaves before the disk has it", Normal,
            "Send(config.PrimaryOf(View), ok, afterPersist: true, outbox);",
            "Send(config.PrimaryOf(View), ok, afterPersist: false, outbox);"
        },
        {
            "--views 1 --entries 0 --crashes 1", "a restarted primary resumes its view", Whole,
            "else if (IsOwnView) JoinView(View + 1, now, outbox);",
            "else if (IsOwnView) BeginViewChange(now, outbox);"
        },
        {
            "--views 2 --entries 0", "a view begins with one vote", Change,
            "if (_votes.Count < config.Quorum || IsFetching) return;",
            "if (IsFetching) return;"
        },
    };

    [Theory]
    [InlineData("--views 1 --entries 0 --crashes 2")]
    [InlineData("--views 1 --entries 0 --ticks 1")]
    [InlineData("--views 1 --entries 1")]
    [InlineData("--replicas 2 --views 2 --entries 1 --crashes 1")]
    [InlineData("--replicas 1 --views 3 --entries 2 --crashes 2")]
    public async Task Every_state_within_small_bounds_keeps_the_rules(string bounds)
    {
        var (exitCode, output) = await SimProcess.Run(["explore", .. bounds.Split(' ')]);

        Assert.True(exitCode == SimCommands.Ok, output);
        Assert.Contains("exhausted", output, StringComparison.Ordinal);
        // A client's entry is committed where there is one, or nothing was tested.
        if (!bounds.Contains("--entries 0", StringComparison.Ordinal))
            Assert.DoesNotContain(" 0 of them", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_exhausted_says_so()
    {
        var (exitCode, output) = await SimProcess.Run(
            "explore", "--views", "2", "--entries", "2", "--crashes", "1", "--states-max", "5000");

        Assert.Equal(SimCommands.Ok, exitCode);
        Assert.Contains("5000 states", output, StringComparison.Ordinal);
        Assert.Contains("bounded", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_planted_bug_is_found(string bounds, string about, string file, string find, string replace)
    {
        var mutant = new Mutant("planted", file, find, replace, ["no-exception"], about);
        var simulator = MutatedSimulator.Load(mutant, out var fault);
        Assert.Equal("", fault);

        var exitCode = simulator!.Invoke(
            ["explore", .. bounds.Split(' '), "--states-max", "300000"], "planted");

        Assert.Equal(SimCommands.Failed, exitCode);
    }
}
