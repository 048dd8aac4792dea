using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Cluster;
using Hyperscale.Det.Tests.Shell.Transport;

namespace Hyperscale.Det.Tests.Shell.Cluster;

/// <summary>An embedded cluster and a client's ways with it.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    /// <summary>The cluster that anyone gets who asks for nothing else.</summary>
    public static readonly EmbeddedClusterOptions Whole =
        EmbeddedClusterOptions.Default with { EndsOnSignals = false };

    public static readonly EmbeddedClusterOptions Small = Whole with { Managers = 1 };

    private TestCluster(EmbeddedCluster cluster, LogLines log) => (Cluster, Log) = (cluster, log);

    public EmbeddedCluster Cluster { get; }

    public LogLines Log { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<TestCluster> StartAsync(EmbeddedClusterOptions options)
    {
        var log = new LogLines();
        return new TestCluster(await EmbeddedCluster.StartAsync(options, log, Cancellation), log);
    }

    public static JobSpec Job(int datacenters, params WorkflowSpec[] workflows) => new(
        "test", new DatacenterChoice(datacenters, [], []), null, null, null, null, [], workflows);

    public Task<ClientResponse> AskAsync(ClientRequest request, int gate = 0) =>
        Cluster.Gates[gate].AskAsync(request, Cancellation);

    public async Task<JobId> SubmitAsync(JobSpec spec, int gate = 0) =>
        Assert.IsType<ClientResponse.Accepted>(
            await AskAsync(new ClientRequest.SubmitJob(spec), gate)).Job;

    /// <summary>The job once it satisfies a condition.</summary>
    public async Task<JobStatus> UntilAsync(JobId job, Func<JobStatus, bool> condition, int gate = 0)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var revision = -1L;
        while (true)
        {
            var watch = new ClientRequest.WatchJob(job, revision);
            var answer = await Cluster.Gates[gate].AskAsync(watch, late.Token);
            // A gate that is starting again, or one whose neighbour is, says so.
            if (answer is ClientResponse.Unavailable or ClientResponse.OutcomeUnknown)
            {
                await Task.Delay(20, late.Token);
                continue;
            }

            var status = Assert.IsType<ClientResponse.Status>(answer).Job;
            if (condition(status)) return status;
            revision = status.Revision;
        }
    }

    public Task<JobStatus> EndOf(JobId job, int gate = 0) =>
        UntilAsync(job, status => status.IsTerminal, gate);

    /// <summary>All numbers of a job's accepted results.</summary>
    public static RunStats Total(JobStatus job) => RunStats.Sum(job.Slots
        .SelectMany(slot => slot.Outcome?.Workflows ?? [])
        .Select(workflow => workflow.Outcome.Stats));

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
