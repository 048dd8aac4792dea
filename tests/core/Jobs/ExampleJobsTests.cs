using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

/// <summary>The job files that are there to be tried.</summary>
public sealed class ExampleJobsTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "examples");

    [Fact]
    public void Each_example_is_one_of_those_tested() =>
        Assert.Equal(
            ["checkout.json", "exec.json", "http.json"],
            Directory.GetFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("checkout.json")]
    [InlineData("exec.json")]
    [InlineData("http.json")]
    public void An_example_is_valid_and_has_nothing_to_note(string name)
    {
        Assert.Empty(JobFile.NotesOf(Text(name)));
        Assert.Equal(Path.GetFileNameWithoutExtension(name), Example(name).Name);
    }

    [Fact]
    public void The_http_example_shows_both_load_models_a_dependency_and_thresholds()
    {
        var job = Example("http.json");

        Assert.Equal(2, job.Datacenters.Count);
        Assert.Equal(3, job.Thresholds.Count);
        Assert.Equal([4, null], job.Workflows.Select(workflow => workflow.Vus));
        Assert.Equal([null, 100], job.Workflows.Select(workflow => workflow.Rate));
        Assert.Equal([[], [0]], job.Workflows.Select(workflow => workflow.DependsOn));
        // One after the other, and a moment for each start.
        Assert.Equal(4, job.Workflows.Sum(workflow => workflow.Duration.Milliseconds) / 1000);
    }

    [Fact]
    public void The_exec_example_needs_no_target() =>
        Assert.Equal(["prepare", "measure"], JobFile.ReadValid(Text("exec.json"), target: null)
            .Workflows.Select(workflow => workflow.Name));

    [Fact]
    public void The_checkout_example_uses_every_part_of_the_file()
    {
        var job = Example("checkout.json");

        Assert.Equal((20, 3), (job.RetryBudget, job.RetryBudgetPerWorkflow));
        Assert.Equal(new BestEffortSpec(true, 1, Duration.FromMinutes(5), false), job.BestEffort);
        Assert.Equal(new SloSpec(50, 200, 500), job.Slo);
        Assert.Equal(["dc-a"], job.Datacenters.Preferred);
        Assert.Equal([20, null, null], job.Workflows.Select(workflow => workflow.Vus));
        Assert.Equal([null, 500, null], job.Workflows.Select(workflow => workflow.Rate));
        Assert.Equal(new ResourceBudget(100, 268_435_456, 1000), job.Workflows[2].Budget);
    }

    private static JobSpec Example(string name) => JobFile.ReadValid(Text(name));

    private static string Text(string name) => File.ReadAllText(Path.Combine(Folder, name));
}
