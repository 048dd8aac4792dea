using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Slo;

public sealed class JobLatenciesTests
{
    private static readonly LatencySlo Target = new(50, 200, 500);

    private readonly JobLatencies _latencies = new(SloConfig.Default);

    [Fact]
    public void The_worst_jobs_are_told_and_the_datacenter_is_all_of_them()
    {
        for (var job = 1; job <= 150; job++) Put(job, owner: 1, revision: 1, ms: job, samples: 100, at: 0);
        var report = _latencies.Report(At(1));

        Assert.Equal(SloLimits.JobsMax, report.Jobs.Count);
        Assert.Equal(Enumerable.Range(51, 100).Reverse(), report.Jobs.Select(job => (int)job.Job.Op));
        Assert.Equal(15_000u, report.Summary.Samples);
        Assert.InRange(report.Summary.P50Ms, 74, 77);
    }

    [Fact]
    public void A_job_is_judged_by_its_own_target()
    {
        Put(1, owner: 1, revision: 1, ms: 100, samples: 100, at: 0);
        Put(2, owner: 1, revision: 1, ms: 100, samples: 100, at: 0, new LatencySlo(100, 400, 1000));
        var report = _latencies.Report(At(1));

        Assert.Equal([1, 2], report.Jobs.Select(job => (int)job.Job.Op));
        Assert.Equal(0.4 + 0.25 + 0.06, report.Jobs[0].Summary.Score, 5);
        Assert.Equal(0.2 + 0.125 + 0.03, report.Jobs[1].Summary.Score, 5);
        Assert.Equal(0.71 * 0.75, report.Summary.Score, 2);
    }

    [Fact]
    public void Workers_of_a_job_add_up_and_an_update_replaces()
    {
        Put(1, owner: 1, revision: 1, ms: 10, samples: 100, at: 0);
        Put(1, owner: 2, revision: 1, ms: 10, samples: 10, at: 0);
        Put(1, owner: 1, revision: 2, ms: 10, samples: 150, at: 1);
        Put(1, owner: 1, revision: 1, ms: 10, samples: 100, at: 2);

        Assert.Equal(160u, _latencies.Report(At(3)).Jobs[0].Summary.Samples);
    }

    [Fact]
    public void A_datacenter_is_degraded_once_p95_has_been_twice_its_target_for_three_minutes()
    {
        for (var second = 0; second <= 180; second += 5)
        {
            Assert.Equal(DatacenterHealth.Healthy, _latencies.Health.Health);
            Put(1, owner: 1, revision: second + 1, ms: 600, samples: 200, at: second,
                new LatencySlo(500, 250, 1000));
            _latencies.Report(At(second));
        }

        Assert.Equal(new SloHealth(DatacenterHealth.Degraded, SloRuleKind.P95Degraded), _latencies.Health);
    }

    // Of the evaluation window it is more than a hundredth: the score tells of it for five minutes.
    [Fact]
    public void A_hiccup_is_in_the_score_but_never_lasts_long_enough_for_a_rule()
    {
        var worst = 0f;
        var bucket = LatencyDigest.Empty;
        for (var second = 0; second <= 700; second += 5)
        {
            if (second % 60 == 0) bucket = LatencyDigest.Empty;
            bucket = bucket.Merge(LatencyDigest.From([(second == 115 ? 5_000_000 : 10_000, 100)]));
            _latencies.Put(
                new JobId(0, 1), Target, new LatencyOwner(0, 1, 1), attempt: 1, revision: second + 1,
                new LatencyBucket(second / 60, bucket), total: 1_000_000, At(second));
            var report = _latencies.Report(At(second));
            Assert.Equal(SloHealth.Healthy, report.Health);
            worst = Math.Max(worst, report.Summary.P99Ms);
            if (second == 350) Assert.Equal(5_000, report.Summary.P99Ms, 1);
        }

        Assert.Equal(5_000, worst, 1);
        Assert.Equal(10, _latencies.Report(At(700)).Summary.P99Ms, 1);
    }

    // No two windows have a hundred: all five do while seven slow ones are among them, and then these are
    // more than a twentieth.
    [Fact]
    public void Where_latencies_are_sparse_a_moment_counts_for_rules_as_long_as_the_evaluation_window()
    {
        var found = Seconds(perFive: 2, slow: 7);

        Assert.All(found, pair =>
            Assert.Equal(new SloHealth(DatacenterHealth.Degraded, SloRuleKind.P95Degraded), pair.Health));
        // Found once it has lasted; and well for as long after the window, but for the beginning of each
        // minute, when there are too few.
        Assert.Equal(305 + 180, found[0].Second);
        Assert.InRange(found[^1].Second, 600 + 180, 600 + 180 + 60);
    }

    [Fact]
    public void A_moment_with_more_latencies_than_two_windows_makes_a_datacenter_busy_and_no_worse()
    {
        var found = Seconds(perFive: 10, slow: 300);

        Assert.All(found, pair =>
            Assert.Equal(new SloHealth(DatacenterHealth.Busy, SloRuleKind.P50Busy), pair.Health));
        // A minute after the moment; and a minute after the second window has ended.
        Assert.Equal((305 + 60, 420 + 60 - 5), (found[0].Second, found[^1].Second));
    }

    [Fact]
    public void Where_latencies_are_sparse_rules_look_back_as_far_as_it_takes_for_enough()
    {
        for (var second = 0; second <= 400; second += 5)
        {
            _latencies.Put(
                new JobId(0, 1), Target, new LatencyOwner(0, 1, 1), attempt: 1, revision: second + 1,
                new LatencyBucket(second / 60, LatencyDigest.From([(90_000, 2 + (second % 60 / 2))])),
                total: 1_000_000, At(second));
            _latencies.Report(At(second));
        }

        // No two windows have a hundred; all of them together do.
        Assert.Equal(new SloHealth(DatacenterHealth.Busy, SloRuleKind.P50Busy), _latencies.Health);
    }

    [Fact]
    public void A_job_of_which_nothing_comes_is_forgotten()
    {
        Put(1, owner: 1, revision: 1, ms: 10, samples: 100, at: 0);

        Assert.Single(_latencies.Report(At(299)).Jobs);
        Assert.Empty(_latencies.Report(At(300)).Jobs);
        Assert.Equal(0u, _latencies.Report(At(700)).Summary.Samples);
    }

    [Fact]
    public void One_job_of_many_whose_targets_nobody_could_keep_makes_no_datacenter_unhealthy()
    {
        for (var second = 0; second <= 400; second += 10)
        {
            Put(1, 1, second + 1, ms: 10, samples: 900, at: second);
            Put(2, 1, second + 1, ms: 1000, samples: 100, at: second,
                target: new LatencySlo(1, 1, 1));
            Assert.Equal(SloHealth.Healthy, _latencies.Report(At(second)).Health);
        }
    }

    [Fact]
    public void What_the_last_primary_found_stands_until_latencies_have_been_well_for_as_long()
    {
        var found = new SloHealth(DatacenterHealth.Degraded, SloRuleKind.P95Degraded);
        Assert.True(_latencies.Inherit(new SloStanding(new SloMark(1, 1, 5), found, Duration.Zero)));
        Assert.False(_latencies.Inherit(
            new SloStanding(new SloMark(1, 1, 4), SloHealth.Healthy, Duration.Zero)));

        Assert.Equal(found, _latencies.Report(At(0)).Health);
        for (var second = 10; second <= 200; second += 10)
        {
            Put(1, owner: 1, revision: second, ms: 10, samples: 100 + second, at: second);
            Assert.Equal(second < 190 ? found : SloHealth.Healthy, _latencies.Report(At(second)).Health);
        }

        // Another gate may remember what has been overtaken.
        Assert.False(_latencies.Inherit(new SloStanding(new SloMark(1, 1, 9), found, Duration.Zero)));
    }

    [Fact]
    public void What_was_found_long_ago_is_not_inherited() =>
        Assert.False(_latencies.Inherit(new SloStanding(
            new SloMark(1, 1, 5), new SloHealth(DatacenterHealth.Busy, SloRuleKind.P50Busy),
            Duration.FromSeconds(1800))));

    [Fact]
    public void Of_too_many_jobs_the_one_heard_of_longest_ago_makes_room()
    {
        for (var job = 1; job <= JobLatencies.JobsMax; job++)
            Assert.Equal(BucketVerdict.Accepted, Put(job, 1, 1, ms: 10, samples: 1, at: 0));
        Put(1, 1, 2, ms: 10, samples: 2, at: 0);
        Assert.Equal(
            BucketVerdict.Accepted, Put(JobLatencies.JobsMax + 1, 1, 1, ms: 10, samples: 1, at: 0));
        _latencies.CheckInvariants();

        // The second made room, not the first, which was heard of again.
        Assert.Equal((uint)JobLatencies.JobsMax + 1, _latencies.Report(At(1)).Summary.Samples);
        Put(2, 1, 1, ms: 10, samples: 1, at: 1);
        Assert.Equal((uint)JobLatencies.JobsMax + 1, _latencies.Report(At(1)).Summary.Samples);
    }

    [Fact]
    public void Of_too_many_owners_of_all_jobs_together_the_job_heard_of_longest_ago_makes_room()
    {
        for (var owner = 1; owner <= 100; owner++) Put(1, owner, 1, ms: 10, samples: 1, at: 0);
        for (var owner = 101; owner <= SloLimits.OwnersMax; owner++)
            Put(2, owner, 1, ms: 10, samples: 1, at: 0);
        Assert.Null(_latencies.Evicted);
        Put(2, 1, 1, ms: 10, samples: 1, at: 0);
        Assert.Equal(new JobId(0, 1), _latencies.Evicted);
        _latencies.CheckInvariants();

        var report = _latencies.Report(At(1));
        Assert.Equal(2, Assert.Single(report.Jobs).Job.Op);
        Assert.Equal((uint)SloLimits.OwnersMax - 99, report.Summary.Samples);
        for (var owner = 1; owner <= 99; owner++) Put(3, owner, 1, ms: 10, samples: 1, at: 1);
        Assert.Equal(2, _latencies.Report(At(1)).Jobs.Count);
        _latencies.CheckInvariants();
        // What has been forgotten leaves room.
        _latencies.Report(At(900));
        _latencies.CheckInvariants();
        Assert.Equal(BucketVerdict.Accepted, Put(4, 1, 1, ms: 10, samples: 1, at: 900));
    }

    // The job with owners that hold nothing any more was heard of last.
    [Fact]
    public void Owners_of_which_no_bucket_is_left_make_room_before_a_job_does()
    {
        for (var owner = 1; owner <= SloLimits.OwnersMax - 101; owner++)
            Put(1, owner, 1, ms: 10, samples: 1, at: 0);
        for (var owner = 1; owner <= 100; owner++) Put(2, owner, 1, ms: 10, samples: 1, at: 200);
        Put(1, SloLimits.OwnersMax, 1, ms: 10, samples: 1, at: 250);
        Put(3, 1, 1, ms: 10, samples: 1, at: 310);
        _latencies.CheckInvariants();

        Assert.Null(_latencies.Evicted);
        var jobs = _latencies.Report(At(310)).Jobs;
        Assert.Equal(
            [(1L, 1u), (2L, 100u), (3L, 1u)],
            jobs.Select(job => ((long)job.Job.Op, job.Summary.Samples)).Order());
    }

    [Fact]
    public void A_rule_that_asks_for_more_than_the_others_can_be_broken()
    {
        var strict = new JobLatencies(SloConfig.Default with
        {
            DegradedByP95 = new SloRule(20, Duration.FromSeconds(180)),
        });
        for (var second = 0; second <= 180; second += 5)
        {
            strict.Put(
                new JobId(0, 1), Target with { P99Ms = 10_000 }, new LatencyOwner(0, 1, 1), attempt: 1,
                revision: second + 1,
                new LatencyBucket(0, LatencyDigest.From([(10_000, 150), (5_000_000, 10)])), total: 160,
                At(second));
            strict.Report(At(second));
        }

        Assert.Equal(SloRuleKind.P95Degraded, strict.Health.Rule);
    }

    /// <summary>When a datacenter was not healthy that has a moment of slow latencies, all else being
    /// well.</summary>
    /// <param name="perFive">Latencies of 10 ms in five seconds.</param>
    /// <param name="slow">Of 1.2 s, all in the sixth window.</param>
    private List<(int Second, SloHealth Health)> Seconds(int perFive, int slow)
    {
        var found = new List<(int, SloHealth)>();
        var bucket = LatencyDigest.Empty;
        for (var second = 0; second < 1200; second += 5)
        {
            if (second % 60 == 0) bucket = LatencyDigest.Empty;
            bucket = bucket.Merge(
                LatencyDigest.From([(10_000, perFive), (1_200_000, second == 305 ? slow : 0)]));
            _latencies.Put(
                new JobId(0, 1), Target, new LatencyOwner(0, 1, 1), attempt: 1, revision: second + 1,
                new LatencyBucket(second / 60, bucket), total: 1_000_000, At(second));
            var health = _latencies.Report(At(second)).Health;
            if (health != SloHealth.Healthy) found.Add((second, health));
        }

        return found;
    }

    private BucketVerdict Put(
        int job, int owner, long revision, int ms, int samples, long at, LatencySlo? target = null) =>
        _latencies.Put(
            new JobId(0, job), target ?? Target, new LatencyOwner(0, 1, owner), attempt: 1, revision,
            new LatencyBucket(0, LatencyDigest.From([(ms * 1_000, samples)])), samples, At(at));

    private static Instant At(long seconds) => Instant.Zero + Duration.FromSeconds(seconds);
}
