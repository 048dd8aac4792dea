using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Target;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Cluster;

/// <summary>A node that holds a ledger ends in the middle of a job and comes back with what is on its
/// disk.</summary>
public sealed class ClusterRestartTests
{
    [Theory]
    [InlineData("manager", true)]
    [InlineData("manager", false)]
    [InlineData("gate", true)]
    [InlineData("gate", false)]
    public async Task A_job_outlives_a_restart_and_nothing_is_counted_twice(string what, bool isCrash)
    {
        await using var target = await TargetServer.StartAsync(
            TargetOptions.Default with { Latency = TimeSpan.FromMilliseconds(2) },
            TestContext.Current.CancellationToken);
        await using var cluster = await TestCluster.StartAsync(TestCluster.Small);
        var topology = cluster.Cluster.Topology;
        var job = await cluster.SubmitAsync(
            TestCluster.Job(2, Attempts.Http($"{target.Url}/items", 1200, vus: 1)));
        var owner = topology.ReplicasOfGroup(job.Group)[0];
        var asked = topology.Gates.ToList().FindIndex(gate => gate != owner);
        await cluster.UntilAsync(
            job, status => status.Slots.All(slot => slot.Phase == SlotPhase.Running), asked);
        await Attempts.UntilAsync(() => target.Served > 10, "some load");

        await cluster.Cluster.RestartAsync(what == "gate" ? owner : NodeId.Of("dc-a/manager-1"), isCrash);
        var ended = await cluster.EndOf(job, asked);

        Assert.Equal((JobState.Completed, 2), (ended.State, ended.Slots.Count));
        Assert.Equal(target.Served, TestCluster.Total(ended).Requests);
        Assert.All(
            ended.Slots.SelectMany(slot => slot.Outcome!.Workflows),
            workflow => Assert.Equal(1, workflow.Attempts));
        Assert.False(cluster.Cluster.Failure.IsCompleted);
    }

    [Fact]
    public async Task What_ends_while_its_manager_is_away_is_reported_once_it_is_back()
    {
        await using var cluster = await TestCluster.StartAsync(TestCluster.Small);
        var mark = $"0.5{Random.Shared.Next()}";
        var job = await cluster.SubmitAsync(TestCluster.Job(1, Attempts.Exec("sleep", mark)));
        await Attempts.UntilAsync(() => Attempts.Living(mark) == 1, "the command");
        var place = (await cluster.UntilAsync(job, _ => true)).Slots[0].Datacenter;
        await cluster.Cluster.RestartAsync(
            NodeId.Of($"{place}/manager-1"), isCrash: true,
            () => Attempts.UntilAsync(() => Attempts.Living(mark) == 0, "the command's end"));
        var ended = await cluster.EndOf(job);
        Assert.Equal(JobState.Completed, ended.State);
        Assert.Equal(1, Assert.Single(ended.Slots[0].Outcome!.Workflows).Attempts);
    }
}
