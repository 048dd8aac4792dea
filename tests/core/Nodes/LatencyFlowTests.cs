using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Wire;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>How recent latencies come from a workload to the gates (AD-42).</summary>
public sealed class LatencyFlowTests
{
    private readonly WorkerBench _worker = new();
    private readonly ManagerBench _manager = new();

    [Fact]
    public void A_worker_tells_everything_of_the_bucket_that_is_under_way()
    {
        _worker.Start(Attempt());
        Report(ms: 10, count: 3);
        _worker.Pass(Seconds(1), isAnswered: true);
        Report(ms: 20, count: 4);
        _worker.Pass(Seconds(1), isAnswered: true);

        Assert.Equal([(0, 3), (0, 7)], Told());
    }

    [Fact]
    public void A_bucket_that_has_ended_is_told_before_the_next_begins()
    {
        _worker.Start(Attempt(), Workflow() with { Duration = Seconds(300) });
        Report(ms: 10, count: 3);
        _worker.Pass(Seconds(59), isAnswered: true);
        Report(ms: 10, count: 4);
        _worker.Skip(Seconds(1));
        Report(ms: 10, count: 5);
        _worker.Pass(Seconds(1), isAnswered: true);

        Assert.Equal([(0, 3), (0, 7), (1, 5)], Told());
    }

    [Fact]
    public void What_was_slow_at_the_end_is_told_with_it()
    {
        _worker.Start(Attempt());
        _worker.When(new NodeInput.WorkloadExited(Attempt(), 0, Stats, default, null)
        {
            Recent = LatencyDigest.From([(5_000, 9)]),
        });

        Assert.Equal([(0, 9)], Told());
        Assert.Single(_worker.SentTo<Message.AttemptFinished>(Manager));
    }

    [Fact]
    public void A_manager_tells_the_gates_what_its_jobs_latencies_are()
    {
        Progress(revision: 2, ms: 100, count: 9);
        Progress(revision: 1, ms: 900, count: 5);
        _manager.Pass(Seconds(6), Worker1);

        var slo = Told(_manager);
        Assert.Equal((9u, 100f), (slo.Summary.Samples, slo.Summary.P99Ms));
        Assert.Equal(slo.Summary, Assert.Single(slo.Jobs).Summary);
    }

    [Fact]
    public void Latencies_that_keep_missing_their_targets_make_the_datacenter_worse_and_operators_hear_of_it()
    {
        _manager.Join(Worker1);
        _manager.Run(Job());
        _manager.Accept(Worker1, Attempt());
        for (var revision = 1; revision <= 20; revision++)
        {
            Tell(revision, ms: 101, count: 100 + revision);
            _manager.Pass(Seconds(5), Worker1);
        }

        var slow = new SloHealth(DatacenterHealth.Busy, SloRuleKind.P50Busy);
        Assert.Equal(slow, Told(_manager).Health);
        Assert.Equal(slow, _manager.Node.SloHealth);
        var told = Assert.Single(_manager.Told.OfType<TelemetryEvent.SloHealthChanged>());
        Assert.Equal((DatacenterHealth.Busy, SloRuleKind.P50Busy), (told.Health, told.Rule));
    }

    [Fact]
    public void A_job_is_judged_by_the_targets_that_it_sets()
    {
        _manager.Join(Worker1);
        _manager.Run(Job() with { Slo = new SloSpec(100, null, null) });
        _manager.Accept(Worker1, Attempt());
        Tell(revision: 1, ms: 100, count: 100);
        _manager.Pass(Seconds(6), Worker1);

        // 0.2 of p50 at its target, and half of 200 ms and a fifth of 500 ms.
        Assert.Equal(0.2 + 0.25 + 0.06, Assert.Single(Told(_manager).Jobs).Summary.Score, 5);
    }

    [Fact]
    public void A_bucket_that_counts_more_than_its_attempt_is_a_fault()
    {
        var progressed = new Message.AttemptProgressed(Attempt(), 1, Stats)
        {
            Bucket = new LatencyBucket(0, LatencyDigest.From([(1_000, 10)])),
        };

        Assert.False(MessageCodec.TryDecode(Encode(progressed), out _, out var fault));
        Assert.Contains("more latencies than the attempt has", fault, StringComparison.Ordinal);
    }

    private static byte[] Encode(Message message)
    {
        var writer = new FieldWriter();
        MessageCodec.Encode(message, writer);
        return writer.ToArray();
    }

    private void Report(int ms, int count) => _worker.When(new NodeInput.WorkloadReported(Attempt(), Stats)
    {
        Recent = LatencyDigest.From([(ms * 1_000, count)]),
    });

    private IEnumerable<(int, int)> Told() => _worker.SentTo<Message.AttemptProgressed>(Manager)
        .Select(told => ((int)told.Bucket.Number, (int)told.Bucket.Latency.Count));

    private void Progress(long revision, int ms, int count)
    {
        if (!_manager.Node.Workers.Any())
        {
            _manager.Join(Worker1);
            _manager.Run(Job());
            _manager.Accept(Worker1, Attempt());
        }

        Tell(revision, ms, count);
    }

    private void Tell(long revision, int ms, int count) => _manager.Receive(
        Worker1, new Message.AttemptProgressed(Attempt(), revision, Stats)
        {
            Bucket = new LatencyBucket(0, LatencyDigest.From([(ms * 1_000, count)])),
        });

    private static DatacenterSlo Told(ManagerBench bench) =>
        bench.SentTo<Message.ManagerHeartbeat>(Gate)[^1].Slo!;
}
