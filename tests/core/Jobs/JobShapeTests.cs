using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobShapeTests
{
    [Fact]
    public void Workflows_that_wait_for_each_other_share_their_cores()
    {
        var shape = JobShape.Of([Work(3, 10), Work(2, 5, 0), Work(4, 5, 1)]);
        Assert.Equal(new JobShape(Duration.FromSeconds(20), 4), shape);
    }

    [Fact]
    public void Workflows_that_run_beside_each_other_need_theirs_at_once()
    {
        Assert.Equal(
            new JobShape(Duration.FromSeconds(10), 6), JobShape.Of([Work(1, 10), Work(2, 5), Work(3, 7)]));
        // The third begins when the second has ended, beside the first.
        Assert.Equal(
            new JobShape(Duration.FromSeconds(10), 4), JobShape.Of([Work(1, 10), Work(2, 5), Work(3, 5, 1)]));
    }

    [Fact]
    public void Of_any_job_it_is_between_its_largest_workflow_and_all_of_them() =>
        JobGens.JobSpec.Sample(spec =>
        {
            var shape = JobShape.Of(spec.Workflows);
            Assert.InRange(
                shape.CoresAtOnce, spec.Workflows.Max(w => w.Cores), spec.Workflows.Sum(w => (long)w.Cores));
            Assert.True(shape.Duration >= spec.Workflows.Max(w => w.Duration));
            Assert.True(shape.Duration <= JobDeadline.CriticalPath(spec.Workflows));
        });

    private static WorkflowSpec Work(int cores, int seconds, params int[] dependsOn) =>
        Specs.Job(cores: cores).Workflows[0] with
        {
            Duration = Duration.FromSeconds(seconds),
            DependsOn = dependsOn,
        };
}
