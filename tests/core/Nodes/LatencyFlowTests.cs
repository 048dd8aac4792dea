using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Membership;
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
    public void A_bucket_that_has_ended_is_told_before_the_next_begins_and_with_it()
    {
        _worker.Start(Attempt(), Workflow() with { Duration = Seconds(300) });
        Report(ms: 10, count: 3);
        _worker.Pass(Seconds(59), isAnswered: true);
        Report(ms: 10, count: 4);
        _worker.Skip(Seconds(1));
        Report(ms: 10, count: 5);
        _worker.Pass(Seconds(1), isAnswered: true);
        Exit(count: 6);

        Assert.Equal([(0, 3), (0, 7), (1, 5)], Told());
        Assert.Equal([0, 0, 7], _worker.SentTo<Message.AttemptProgressed>(Manager)
            .Select(told => (int)told.Earlier.Latency.Count));
        var finished = _worker.SentTo<Message.AttemptFinished>(Manager)[^1];
        Assert.Equal(
            (0, 7, 1, 11),
            ((int)finished.Earlier.Number, (int)finished.Earlier.Latency.Count,
                (int)finished.Bucket.Number, (int)finished.Bucket.Latency.Count));
    }

    [Fact]
    public void The_last_report_of_a_bucket_may_be_lost()
    {
        Progress(revision: 1, ms: 100, count: 3);
        _manager.Receive(Worker1, new Message.AttemptProgressed(Attempt(), 3, Stats)
        {
            Bucket = new LatencyBucket(1, LatencyDigest.From([(100_000, 2)])),
            Earlier = new LatencyBucket(0, LatencyDigest.From([(100_000, 7)])),
        });
        _manager.Pass(Seconds(6), Worker1);

        Assert.Equal(9u, Told(_manager).Summary.Samples);
    }

    [Fact]
    public void What_was_slow_at_the_end_is_told_with_it_until_that_is_committed()
    {
        _worker.Start(Attempt());
        Report(ms: 10, count: 3);
        _worker.Pass(Seconds(1), isAnswered: true);
        Exit(count: 9);
        _worker.Pass(Seconds(3), isAnswered: true);

        Assert.Equal([(0, 3)], Told());
        var finished = _worker.SentTo<Message.AttemptFinished>(Manager);
        Assert.InRange(finished.Count, 2, 9);
        Assert.All(finished, told => Assert.Equal((2, 0, 12), (
            (int)told.Revision, (int)told.Bucket.Number, (int)told.Bucket.Latency.Count)));
    }

    [Fact]
    public void A_bucket_that_has_ended_is_told_for_as_long_as_it_lasted()
    {
        _worker.Start(Attempt(), Workflow() with { Duration = Seconds(300) });
        Report(ms: 10, count: 3);
        _worker.Pass(Seconds(119), isAnswered: true);
        Report(ms: 10, count: 0);
        _worker.Pass(Seconds(2), isAnswered: true);
        Report(ms: 10, count: 0);
        _worker.Pass(Seconds(2), isAnswered: true);
        Exit(count: 0);

        Assert.Equal([(0, 3), (0, 3), (0, 0)], Told());
        Assert.Equal(LatencyBucket.None, _worker.SentTo<Message.AttemptFinished>(Manager)[^1].Bucket);
    }

    [Fact]
    public void What_was_told_is_not_told_with_a_later_bucket_when_that_begins_long_after()
    {
        _worker.Start(Attempt(), Workflow() with { Duration = Seconds(300) });
        Report(ms: 10, count: 3);
        _worker.Pass(Seconds(121), isAnswered: true);
        Report(ms: 10, count: 4);
        _worker.Pass(Seconds(1), isAnswered: true);

        Assert.Equal([(0, 3), (1, 4)], Told());
        Assert.All(_worker.SentTo<Message.AttemptProgressed>(Manager), told =>
            Assert.Equal(LatencyBucket.None, told.Earlier));
    }

    [Fact]
    public void What_comes_with_the_end_of_an_attempt_counts_once_however_often_it_comes()
    {
        Progress(revision: 1, ms: 100, count: 5);
        var finished = new Message.AttemptFinished(Attempt(), Completed)
        {
            Revision = 2,
            Bucket = new LatencyBucket(0, LatencyDigest.From([(100_000, 9)])),
        };
        _manager.Receive(Worker1, finished);
        _manager.Receive(Worker1, finished);
        Tell(revision: 1, ms: 100, count: 5);
        _manager.Pass(Seconds(6), Worker1);

        Assert.Equal(9u, Told(_manager).Summary.Samples);
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
    public void A_manager_that_begins_to_lead_acquits_nobody_whom_the_last_one_found_wanting()
    {
        var found = new SloHealth(DatacenterHealth.Busy, SloRuleKind.P50Busy);
        _manager.Pass(Seconds(6));
        var beat = _manager.SentTo<Message.ManagerHeartbeat>(Gate)[^1];
        var place = new NetworkCoordinate([.. new double[NetworkCoordinate.Dimensions]], 1, 0, 1);
        var own = new SloStanding(new SloMark(beat.View, beat.Boot.Starts, 1), found, Seconds(40));
        Echo(own);
        Assert.Equal(SloHealth.Healthy, _manager.Node.SloHealth);
        Echo(own with { Mark = new SloMark(beat.View, beat.Boot.Starts - 1, 1) });
        _manager.Pass(Seconds(100));

        Assert.Equal(found, _manager.Node.SloHealth);
        Assert.Equal(found, Told(_manager).Health);
        Assert.Empty(_manager.Told.OfType<TelemetryEvent.SloHealthChanged>());
        var told = Assert.Single(_manager.Told.OfType<TelemetryEvent.SloHealthTakenOver>());
        Assert.Equal((found, Seconds(40)), (new SloHealth(told.Health, told.Rule), told.Age));

        void Echo(SloStanding standing) => _manager.Receive(
            Gate, new Message.HeartbeatEchoed(beat.Boot, beat.Version, place) { Slo = standing });
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
    public void Buckets_that_count_more_together_than_their_attempt_are_dropped_and_operators_hear_of_it()
    {
        Progress(revision: 1, ms: 100, count: 9);
        Tell(revision: 2, ms: 900, count: 9, bucket: 1, of: 9);
        Tell(revision: 3, ms: 100, count: 3, bucket: 2, of: 12);
        _manager.Pass(Seconds(6), Worker1);

        Assert.Equal((12u, 100f), (Told(_manager).Summary.Samples, Told(_manager).Summary.P99Ms));
        var dropped = Assert.Single(_manager.Told.OfType<TelemetryEvent.LatenciesDropped>());
        Assert.Equal(Attempt(), dropped.Attempt);
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

    [Theory]
    [InlineData(0, 5, "more latencies than the attempt has")]
    [InlineData(1, 4, "bucket 1 is not earlier than 1")]
    public void Two_buckets_count_no_more_than_their_attempt_and_follow_each_other(
        int earlier, int count, string expected)
    {
        var progressed = new Message.AttemptProgressed(Attempt(), 1, Stats)
        {
            Bucket = new LatencyBucket(1, LatencyDigest.From([(1_000, 5)])),
            Earlier = new LatencyBucket(earlier, LatencyDigest.From([(1_000, count)])),
        };

        Assert.False(MessageCodec.TryDecode(Encode(progressed), out _, out var fault));
        Assert.Contains(expected, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_bucket_counts_no_more_than_its_attempt_either()
    {
        var finished = new Message.AttemptFinished(Attempt(), Completed)
        {
            Bucket = new LatencyBucket(0, LatencyDigest.From([(1_000, 10_000)])),
        };

        Assert.False(MessageCodec.TryDecode(Encode(finished), out _, out var fault));
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

    private void Exit(int count) => _worker.When(
        new NodeInput.WorkloadExited(Attempt(), 0, Stats, default, null)
        {
            Recent = LatencyDigest.From([(5_000, count)]),
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

    private void Tell(long revision, int ms, int count, int bucket = 0, int? of = null) => _manager.Receive(
        Worker1, new Message.AttemptProgressed(Attempt(), revision, Stats with
        {
            Requests = 10_000,
            Latency = LatencyDigest.From([(ms * 1_000, of ?? count)]),
        })
        {
            Bucket = new LatencyBucket(bucket, LatencyDigest.From([(ms * 1_000, count)])),
        });

    private static DatacenterSlo Told(ManagerBench bench) =>
        bench.SentTo<Message.ManagerHeartbeat>(Gate)[^1].Slo!;
}
