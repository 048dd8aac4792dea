using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Cluster;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Target;
using Hyperscale.Det.Tests.Shell.Workloads;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.Shell.Cluster;

public sealed class EmbeddedClusterTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cluster_is_ready_soon_and_leaves_nothing()
    {
        var cluster = await EmbeddedCluster.StartAsync(
            TestCluster.Whole, NullLogger.Instance, Cancellation);
        TestContext.Current.TestOutputHelper!.WriteLine($"ready after {cluster.ReadyAfter}");
        Assert.InRange(cluster.ReadyAfter, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        Assert.True(Directory.Exists(cluster.DataDirectory));
        var started = Stopwatch.GetTimestamp();
        await cluster.DisposeAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(3));
        Assert.False(Directory.Exists(cluster.DataDirectory));
        Assert.False(cluster.Failure.IsCompleted);
    }

    [Fact]
    public async Task A_signal_ends_the_cluster_before_the_process()
    {
        // What would end this process here; the cluster must not depend on who else handles the signal.
        var handled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var survives = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            handled.TrySetResult();
        });
        var mark = $"63.{Random.Shared.Next()}";
        var options = TestCluster.Small with { EndsOnSignals = true };
        await using var cluster = await TestCluster.StartAsync(options);
        await cluster.SubmitAsync(TestCluster.Job(1, Attempts.Exec("sleep", mark)));
        await Attempts.UntilAsync(() => Attempts.Living(mark) > 0, "the command");
        const int hangUp = 1;
        NativeProcess.Signal(Environment.ProcessId, hangUp);
        await handled.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        await Attempts.UntilAsync(
            () => !Directory.Exists(cluster.Cluster.DataDirectory), "the end of the data directory");
        Assert.Equal(0, Attempts.Living(mark));
    }

    [Fact]
    public async Task A_data_directory_of_the_users_own_stays_and_holds_the_jobs()
    {
        var directory = Directory.CreateTempSubdirectory("cluster-").FullName;
        var options = TestCluster.Small with { DataDirectory = directory };
        try
        {
            JobId job;
            await using (var cluster = await TestCluster.StartAsync(options))
            {
                job = await cluster.SubmitAsync(TestCluster.Job(1, Attempts.Shell("exit 0")));
                await cluster.EndOf(job);
            }

            await using var again = await TestCluster.StartAsync(options);
            Assert.Equal(JobState.Completed, (await again.EndOf(job)).State);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task An_http_job_completes_with_exactly_what_the_target_served()
    {
        await using var target = await TargetServer.StartAsync(
            TargetOptions.Default with { Latency = TimeSpan.FromMilliseconds(1) }, Cancellation);
        await using var cluster = await TestCluster.StartAsync(TestCluster.Whole);
        var closed = Attempts.Http($"{target.Url}/items", 500, vus: 2);
        var open = Attempts.Http($"{target.Url}/pay", 500, rate: 100) with { Name = "pay", DependsOn = [0] };
        var job = await cluster.SubmitAsync(TestCluster.Job(2, closed, open), gate: 1);
        var ended = await cluster.EndOf(job, gate: 2);

        Assert.Equal((JobState.Completed, 2), (ended.State, ended.Slots.Count));
        Assert.Equal(["dc-a", "dc-b"], ended.Slots.Select(slot => slot.Datacenter).Order());
        Assert.Equal(target.Served, TestCluster.Total(ended).Requests);
        Assert.Equal(0, TestCluster.Total(ended).Errors);
        var paced = ended.Slots.Select(slot => slot.Outcome!.Workflows[1].Outcome.Stats);
        Assert.All(paced, stats => Assert.Equal(50, stats.Requests + stats.Dropped));
        var metrics = cluster.Cluster.Metrics.Write();
        Assert.Contains("hyperscale_jobs_ended_total", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exec_job_completes_with_its_output()
    {
        await using var cluster = await TestCluster.StartAsync(TestCluster.Small);
        var workflow = Attempts.Shell("echo from $HYPERSCALE_WORKFLOW");
        var job = await cluster.SubmitAsync(TestCluster.Job(1, workflow));
        var ended = await cluster.EndOf(job);
        Assert.Equal(JobState.Completed, ended.State);
        var outcome = Assert.Single(ended.Slots[0].Outcome!.Workflows).Outcome;
        Assert.Equal(0, outcome.ExitCode);
        Assert.StartsWith("from ", Encoding.UTF8.GetString(outcome.Output.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_native_client_gets_its_job_done()
    {
        await using var cluster = await TestCluster.StartAsync(TestCluster.Small);
        await using var client = cluster.Cluster.NewClient();
        var spec = TestCluster.Job(1, Attempts.Shell("exit 0"));
        var job = Assert.IsType<ClientResponse.Accepted>(
            await client.AskAsync(new ClientRequest.SubmitJob(spec), Cancellation)).Job;
        Assert.Equal(JobState.Completed, (await cluster.EndOf(job)).State);
        var status = Assert.IsType<ClientResponse.Status>(
            await client.AskAsync(new ClientRequest.GetJob(job), Cancellation));
        Assert.Equal(JobState.Completed, status.Job.State);
    }

    [Fact]
    public async Task A_cancelled_job_leaves_no_process()
    {
        await using var cluster = await TestCluster.StartAsync(TestCluster.Small);
        var mark = $"61.{Random.Shared.Next()}";
        var job = await cluster.SubmitAsync(TestCluster.Job(2, Attempts.Exec("sleep", mark)));
        await Attempts.UntilAsync(() => Attempts.Living(mark) == 2, "a command in each datacenter");
        var answer = await cluster.AskAsync(new ClientRequest.CancelJob(job), gate: 1);
        Assert.IsType<ClientResponse.CancelAccepted>(answer);
        Assert.Equal(JobState.Cancelled, (await cluster.EndOf(job)).State);
        Assert.Equal(0, Attempts.Living(mark));
    }

    [Fact]
    public async Task A_cluster_that_ends_takes_its_processes_along()
    {
        var mark = $"62.{Random.Shared.Next()}";
        await using (var cluster = await TestCluster.StartAsync(TestCluster.Small))
        {
            await cluster.SubmitAsync(TestCluster.Job(1, Attempts.Exec("sleep", mark)));
            await Attempts.UntilAsync(() => Attempts.Living(mark) > 0, "the command");
        }

        Assert.Equal(0, Attempts.Living(mark));
    }
}
