using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Runs;

namespace Hyperscale.Det.Tests.Sim.Runs;

public sealed class SmokeTests
{
    private const int Seeds = 40;

    [Fact]
    public void Seeds_break_no_rule_and_every_run_comes_out_the_same_twice()
    {
        var report = new SeedRuns(Profile.Smoke, Environment.ProcessorCount, twiceEvery: 1).Run(1, Seeds);

        Assert.Equal([], report.Failures.Select(one => $"seed {one.Seed}: {one.Failure.Message}"));
        Assert.Equal(Seeds, report.Seeds);
    }

    [Theory]
    [InlineData("swarm")]
    [InlineData("liveness")]
    public void The_other_profiles_break_no_rule(string profile)
    {
        var runs = new SeedRuns(Profile.Named(profile)!, Environment.ProcessorCount, twiceEvery: 0);

        Assert.Empty(runs.Run(1, 4).Failures);
    }

    [Fact]
    public void Every_fault_family_fires_in_a_handful_of_seeds()
    {
        var report = new SeedRuns(Profile.Smoke, Environment.ProcessorCount, twiceEvery: 0).Run(1, Seeds);

        Assert.All(Enum.GetValues<FaultFamily>(), family => Assert.True(report.Coverage.Count(family) > 0));
    }

    [Fact]
    public void A_saved_plan_runs_as_its_seed_does()
    {
        var plan = PlanGenerator.Generate(3, Profile.Smoke);

        var read = PlanFile.Read(PlanFile.Write(plan), out _);

        Assert.Equal(PlanRunner.Run(plan).Hash, PlanRunner.Run(read!).Hash);
    }

    [Fact]
    public void A_trace_changes_nothing_and_tells_what_happened()
    {
        var plan = PlanGenerator.Generate(3, Profile.Smoke);
        using var writer = new StringWriter();

        var traced = PlanRunner.Run(plan, new TraceFile(writer));

        Assert.Equal(PlanRunner.Run(plan).Hash, traced.Hash);
        Assert.Contains("gate-1", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("SubmitJob job-0", writer.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seed_has_the_same_hash_in_another_process()
    {
        var here = PlanRunner.Run(PlanGenerator.Generate(5, Profile.Swarm));

        var (exitCode, output) = await SimProcess.Run("replay", "--seed", "5", "--profile", "swarm");

        Assert.Equal(0, exitCode);
        Assert.Contains($"hash {here.Hash:x16}", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "replay", "one of --seed and --plan is needed")]
    [InlineData(2, "replay --seed 1 --profile loud", "there is no profile 'loud'")]
    [InlineData(2, "replay --seed 1 --mutant none", "there is no mutant 'none'")]
    [InlineData(2, "replay --plan /nowhere/plan.json", "cannot be read")]
    [InlineData(2, "run --seeds 0", "--seeds is at least 1")]
    [InlineData(2, "mutants --only none", "there is no mutant 'none'")]
    public async Task A_command_line_that_makes_no_sense_is_refused_with_a_reason(
        int exitCode, string line, string reason)
    {
        var (found, output) = await SimProcess.Run(line.Split(' '));

        Assert.Contains(reason, output, StringComparison.Ordinal);
        Assert.Equal(exitCode, found);
    }
}
