using System.Globalization;
using System.Text.RegularExpressions;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Tests.Core.Slo;
using Hyperscale.Det.Wire;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What becomes of the latencies of a job on 64 workers on their way to a gate, in messages of which
/// some are lost and told again, some come twice and most out of turn (AD-42).</summary>
public sealed partial class LatencyRankTests
{
    private const int Workers = 64;
    private const int RoundsOfReports = 4;
    private const int PerRound = 250;
    private const int PerWorker = PerRound * RoundsOfReports;

    // 25 seconds each: the reports of an attempt are of two buckets.
    private static readonly Duration Round = Seconds(25);

    private readonly ManagerBench _manager = new();
    private readonly GateBench _gate = new(GateBench.OneManagerEach);
    private readonly List<LoadedWorker> _workers = [];
    private readonly List<(NodeId From, byte[] Bytes)> _underWay = [];
    private readonly Rng _rng = Rng.Stream(1, "network");
    private int _lost;

    public static TheoryData<string> Shapes => [.. Samples.Kinds];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void The_p99_that_a_gate_tells_is_within_a_hundredth_of_the_exact_rank(string shape)
    {
        var microseconds = Samples.Of(shape, Workers * PerWorker)
            .Select(sample => (long)(sample / 1_000)).ToArray();
        var job = Begin(microseconds);
        for (var round = 0; round < RoundsOfReports; round++) LetReport(isLast: round == RoundsOfReports - 1);
        for (var i = 0; i < 6; i++) PassTime(Seconds(1));
        Assert.True(_lost > Workers);

        TellGate(_manager.SentTo<Message.ManagerHeartbeat>(Gate)[^1]);
        TellGate(Assert.Single(_manager.SentTo<Message.SlotFinished>(Gate).DistinctBy(told => told.Slot)));

        var exact = microseconds.Select(value => value * 1e3).Order().ToArray();
        var status = _gate.Status(job);
        var told = Told().Match(Assert.Single(status.Slo, line => !line.Contains("all jobs")));
        Assert.Equal($"{microseconds.Length}", told.Groups[2].Value);
        IsNear(exact, double.Parse(told.Groups[1].Value, CultureInfo.InvariantCulture) * 1e6);
        var totals = JobReport.Of(status).Totals.Stats.Latency;
        Assert.Equal(microseconds.Length, totals.Count);
        IsNear(exact, totals.Quantile(990_000).Nanoseconds);
    }

    private static void IsNear(double[] exact, double nanoseconds) =>
        Assert.InRange(Samples.ErrorOfRank(exact, 0.99, nanoseconds), 0, 0.01);

    [GeneratedRegex(@"p99 ([0-9.]+) ms of ([0-9]+),")]
    private static partial Regex Told();

    private static Message Through(Message message)
    {
        var writer = new FieldWriter();
        MessageCodec.Encode(message, writer);
        Assert.True(MessageCodec.TryDecode(writer.ToArray(), out var decoded, out var fault), fault);
        return decoded;
    }

    /// <summary>The job runs, one workflow on each worker.</summary>
    private JobId Begin(long[] microseconds)
    {
        var spec = Job([.. Enumerable.Range(0, Workers).Select(i =>
            Workflow($"w{i}") with { Duration = Round * RoundsOfReports * 2 })]);
        var slot = _gate.Run(spec);
        Assert.Equal(Slot(slot.Job.Op), slot);
        var ids = Enumerable.Range(1, Workers).Select(i => NodeId.Of($"east/worker-{i}")).ToList();
        foreach (var id in ids) _manager.Join(id, boot: WorkerBench.Boot.Value);
        _manager.Run(spec, slot.Job.Op);
        foreach (var id in ids)
        {
            var start = Assert.Single(_manager.SentTo<Message.StartAttempt>(id));
            var bench = new WorkerBench();
            bench.Receive(Through(start));
            Assert.Single(bench.SentTo<Message.AttemptAccepted>(Manager));
            _manager.Accept(id, start.Attempt);
            var own = microseconds[(_workers.Count * PerWorker)..((_workers.Count + 1) * PerWorker)];
            _workers.Add(new LoadedWorker(id, bench, start.Attempt, own));
        }

        return slot.Job;
    }

    private void LetReport(bool isLast)
    {
        foreach (var worker in _workers) worker.Report(isLast);
        PassTime(isLast ? Seconds(1) : Round);
    }

    private void PassTime(Duration time)
    {
        foreach (var worker in _workers)
        {
            worker.Bench.Pass(time, isAnswered: true);
            foreach (var message in worker.TakeSent())
            {
                if (_rng.Chance(1, 3)) _lost++;
                else Post(worker.Id, message);
                if (_rng.Chance(1, 4)) Post(worker.Id, message);
            }
        }

        _manager.Pass(time, [.. _workers.Select(worker => worker.Id)]);
        // Half of what is under way is late: what was sent after it comes before it.
        for (var left = _underWay.Count / 2; _underWay.Count > left;)
        {
            var next = (int)_rng.Below(_underWay.Count);
            var (from, bytes) = _underWay[next];
            _underWay.RemoveAt(next);
            Assert.True(MessageCodec.TryDecode(bytes, out var message, out var fault), fault);
            _manager.Receive(from, message);
        }
    }

    private void Post(NodeId from, Message message)
    {
        var writer = new FieldWriter();
        MessageCodec.Encode(message, writer);
        _underWay.Add((from, writer.ToArray()));
    }

    private void TellGate(Message message) => _gate.Receive(GateBench.East, Through(message));

    /// <summary>A worker whose one workload measures a part of the samples.</summary>
    private sealed class LoadedWorker(NodeId id, WorkerBench bench, AttemptKey attempt, long[] microseconds)
    {
        private int _reported;
        private int _taken;

        public NodeId Id { get; } = id;

        public WorkerBench Bench { get; } = bench;

        public void Report(bool isLast)
        {
            var recent = DigestOf(microseconds[_reported..(_reported + PerRound)]);
            _reported += PerRound;
            var stats = RunStats.None with
            {
                Requests = _reported,
                Latency = DigestOf(microseconds[.._reported]),
            };
            Bench.When(isLast
                ? new NodeInput.WorkloadExited(attempt, 0, stats, default, null) { Recent = recent }
                : new NodeInput.WorkloadReported(attempt, stats) { Recent = recent });
        }

        /// <summary>What it told of its attempt since the last time.</summary>
        public List<Message> TakeSent()
        {
            var sent = Bench.History.OfType<NodeEffect.Send>().Select(send => send.Message)
                .Where(message => message is Message.AttemptProgressed or Message.AttemptFinished).ToList();
            var news = sent[_taken..];
            _taken = sent.Count;
            return news;
        }

        private static LatencyDigest DigestOf(long[] values) =>
            LatencyDigest.From(values.Select(value => (value, 1L)));
    }
}
