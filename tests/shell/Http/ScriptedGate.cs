using System.Collections.Concurrent;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Shell.Http;

/// <summary>A gate that answers as the test says.</summary>
internal sealed class ScriptedGate : IGateApi, IDisposable
{
    public static readonly Topology Cluster1 = new(
        "cluster-1",
        [NodeId.Of("gate-1"), NodeId.Of("gate-2")],
        [
            new DatacenterTopology("dc-a", [NodeId.Of("dc-a/manager-1")]),
            new DatacenterTopology("dc-b", [NodeId.Of("dc-b/manager-1")]),
        ]);

    public static readonly SloView Slow = new(
        new SloHealth(DatacenterHealth.Degraded, SloRuleKind.P95Degraded),
        new SloSummary(50, 390, 500, 5000, 1.3f, 1.12f, Duration.Zero), SloLevel.Violating, Factor: 1.2)
    {
        Left = Duration.FromSeconds(30),
    };

    public ScriptedGate() => Cluster = new ClusterView(
        Cluster1, TimeProvider.System,
        (datacenter, _) => datacenter == "dc-a" ? Slo : null);

    public NodeId Id { get; } = NodeId.Of("gate-1");

    public Topology Topology { get; } = Cluster1;

    public string? WhyNotServing { get; set; }

    public ClusterView Cluster { get; }

    /// <summary>What it routes by of dc-a's latencies.</summary>
    public SloView? Slo { get; set; }

    public MetricsRegistry Metrics { get; } = new();

    /// <summary>What it was asked, in order.</summary>
    public ConcurrentQueue<ClientRequest> Asked { get; } = new();

    public Func<ClientRequest, CancellationToken, Task<ClientResponse>> Answer { get; set; } =
        (request, _) => throw new InvalidOperationException($"the test expects no {request}");

    public Task<ClientResponse> AskAsync(ClientRequest request, CancellationToken cancellation)
    {
        Asked.Enqueue(request);
        return Answer(request, cancellation);
    }

    public void Answers(ClientResponse response) => Answer = (_, _) => Task.FromResult(response);

    public void Hears(string datacenter, int workers, int coresTotal, int coresFree) => Cluster.Observe(
        new NodeInput.Received(
            NodeId.Of($"{datacenter}/manager-1"),
            new Message.ManagerHeartbeat(
                datacenter, new BootId(1), 1, true, 1, workers, coresTotal, coresFree, 2, 3)
            {
                // Three quarters of the cores, and half of the memory.
                Resources = new ClusterResources(
                    VersionVector.Empty, workers, OverBudget: 0, coresTotal,
                    new ResourceUsage(75.0 * coresTotal, 0, 4e9, 0), MemoryTotalBytes: 8_000_000_000),
            }),
        Instant.Zero);

    public void Dispose() => Metrics.Dispose();
}

/// <summary>A job whose state the test sets; watchers are answered as a gate answers them.</summary>
internal sealed class WatchedJob(JobStatus status)
{
    private readonly object _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private JobStatus _status = status;
    private int _watchers;

    /// <summary>Watches that wait at the moment.</summary>
    public int Watchers => Volatile.Read(ref _watchers);

    public void Become(JobStatus status)
    {
        lock (_gate)
        {
            _status = status;
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public async Task<ClientResponse> AnswerAsync(ClientRequest request, CancellationToken cancellation)
    {
        Task changed;
        lock (_gate)
        {
            if (request is not ClientRequest.WatchJob watch || watch.AfterRevision != _status.Revision)
                return new ClientResponse.Status(_status);
            changed = _changed.Task;
        }

        Interlocked.Increment(ref _watchers);
        try
        {
            await changed.WaitAsync(cancellation);
            lock (_gate) return new ClientResponse.Status(_status);
        }
        finally
        {
            Interlocked.Decrement(ref _watchers);
        }
    }
}
