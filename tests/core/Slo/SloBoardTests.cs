using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Slo;

public sealed class SloBoardTests
{
    private static readonly SloHealth Busy = new(DatacenterHealth.Busy, SloRuleKind.P50Busy);
    private static readonly SloSummary Slow = new(90, 400, 900, 500, 1.9f, 1.36f, Duration.Zero);
    private static readonly DatacenterSlo Told = new(Busy, Slow, [new JobSlo(new JobId(1, 2), Slow)]);

    private readonly SloBoard _board = new(SloConfig.Default);

    [Fact]
    public void A_heartbeat_counts_for_thirty_seconds()
    {
        Assert.True(_board.OnHeartbeat("east", new SloMark(1, 1, 1), Told, At(0)));

        Assert.Equal(Busy, _board.HealthOf("east", At(30)));
        Assert.Equal(Duration.FromSeconds(30), _board.ViewOf("east", At(30))!.Value.Summary.Age);
        Assert.Equal(Slow with { Age = S(3) }, _board.JobOf("east", new JobId(1, 2), At(3)));
        Assert.Equal(SloHealth.Healthy, _board.HealthOf("east", At(31)));
        Assert.Null(_board.JobOf("east", new JobId(1, 2), At(31)));
        Assert.Null(_board.JobOf("east", new JobId(1, 3), At(3)));
        Assert.Null(_board.ViewOf("west", At(0)));
    }

    [Theory]
    [InlineData(2, 2, 1, false)]
    [InlineData(2, 2, 2, false)]
    [InlineData(2, 2, 3, true)]
    [InlineData(2, 1, 9, false)]
    [InlineData(2, 3, 1, true)]
    [InlineData(1, 9, 9, false)]
    [InlineData(3, 1, 1, true)]
    public void Only_what_is_newer_counts_however_it_comes(long view, long life, long version, bool isNewer)
    {
        _board.OnHeartbeat("east", new SloMark(2, 2, 2), Told, At(0));
        var (mark, well) = (new SloMark(view, life, version), Slow with { Score = 0.5f });

        Assert.Equal(isNewer, _board.OnGossip(new SloGossip("east", mark, SloHealth.Healthy, well), At(1)));
        Assert.Equal(isNewer ? SloHealth.Healthy : Busy, _board.HealthOf("east", At(1)));
    }

    [Fact]
    public void A_new_primary_that_has_heard_little_acquits_nobody_while_the_last_ones_word_counts()
    {
        _board.OnHeartbeat("east", new SloMark(1, 1, 1), Told, At(0));
        var few = new DatacenterSlo(SloHealth.Healthy, Slow with { Samples = 99, Factor = 1 }, []);

        Assert.False(_board.OnHeartbeat("east", new SloMark(2, 1, 1), few, At(10)));
        Assert.Equal(Busy, _board.HealthOf("east", At(30)));
        Assert.True(_board.OnHeartbeat("east", new SloMark(2, 1, 2), few, At(31)));
        Assert.Equal(SloHealth.Healthy, _board.HealthOf("east", At(31)));

        _board.OnHeartbeat("west", new SloMark(1, 1, 1), Told, At(0));
        var enough = few with { Summary = Slow with { Samples = 100 } };
        Assert.True(_board.OnHeartbeat("west", new SloMark(2, 1, 1), enough, At(10)));
        Assert.Equal(SloHealth.Healthy, _board.HealthOf("west", At(10)));
    }

    [Fact]
    public void A_new_primary_that_has_taken_over_what_was_found_is_heard_at_once()
    {
        _board.OnHeartbeat("east", new SloMark(1, 1, 1), Told, At(0));
        var few = Told with { Summary = Slow with { Samples = 0, Factor = 1, Score = 1 } };

        Assert.True(_board.OnHeartbeat("east", new SloMark(2, 1, 1), few, At(29)));
        Assert.Equal(Busy, _board.HealthOf("east", At(50)));
    }

    [Fact]
    public void What_the_last_primary_found_is_told_to_the_next_one_until_that_has_reported()
    {
        _board.OnHeartbeat("east", new SloMark(1, 1, 7), Told, At(0));

        Assert.Null(_board.StandingBefore("east", new SloMark(1, 1, 8), At(100)));
        Assert.Null(_board.StandingBefore("west", new SloMark(1, 1, 8), At(100)));
        var standing = new SloStanding(new SloMark(1, 1, 7), Busy, S(100));
        Assert.Equal(standing, _board.StandingBefore("east", new SloMark(1, 2, 1), At(100)));
        Assert.Equal(standing, _board.StandingBefore("east", new SloMark(2, 1, 1), At(100)));
        _board.OnHeartbeat("east", new SloMark(2, 1, 1), Told, At(100));
        Assert.Null(_board.StandingBefore("east", new SloMark(2, 1, 2), At(101)));
        _board.OnHeartbeat("east", new SloMark(2, 1, 2), Told with { Health = SloHealth.Healthy }, At(102));
        Assert.Null(_board.StandingBefore("east", new SloMark(3, 1, 1), At(103)));
    }

    [Fact]
    public void What_the_last_primary_found_is_told_until_the_next_one_finds_it()
    {
        var few = new DatacenterSlo(SloHealth.Healthy, Slow with { Samples = 5 }, []);
        _board.OnHeartbeat("east", new SloMark(1, 1, 7), Told, At(0));
        _board.OnHeartbeat("east", new SloMark(2, 1, 1), few, At(40));

        var standing = new SloStanding(new SloMark(1, 1, 7), Busy, S(41));
        Assert.Equal(standing, _board.StandingBefore("east", new SloMark(2, 1, 2), At(41)));
        _board.OnHeartbeat("east", new SloMark(2, 1, 2), Told with { Summary = few.Summary }, At(41));
        Assert.Null(_board.StandingBefore("east", new SloMark(2, 1, 3), At(42)));
    }

    // Busy has to last a minute, so that nobody finds it with its first report.
    [Theory]
    [InlineData(500u, 99, true)]
    [InlineData(500u, 100, false)]
    [InlineData(5u, 100, true)]
    public void What_the_last_primary_found_is_told_until_the_next_one_has_heard_enough_for_long_enough(
        uint samples, int second, bool isReminded)
    {
        var enough = new DatacenterSlo(SloHealth.Healthy, Slow with { Samples = 500 }, []);
        var first = enough with { Summary = Slow with { Samples = samples } };
        _board.OnHeartbeat("east", new SloMark(1, 1, 7), Told, At(0));
        _board.OnHeartbeat("east", new SloMark(2, 1, 1), first, At(40));
        Assert.NotNull(_board.StandingBefore("east", new SloMark(2, 1, 2), At(41)));
        _board.OnHeartbeat("east", new SloMark(2, 1, 2), enough, At(41));
        _board.OnHeartbeat("east", new SloMark(2, 1, 3), enough, At(second));

        Assert.Equal(isReminded, _board.StandingBefore("east", new SloMark(2, 1, 4), At(101)) is not null);
    }

    [Fact]
    public void Of_each_primary_after_the_one_that_found_something_the_time_counts_by_itself()
    {
        var enough = new DatacenterSlo(SloHealth.Healthy, Slow with { Samples = 500 }, []);
        _board.OnHeartbeat("east", new SloMark(1, 1, 7), Told, At(0));
        _board.OnHeartbeat("east", new SloMark(2, 1, 1), enough, At(40));
        _board.OnHeartbeat("east", new SloMark(3, 1, 1), enough, At(90));
        _board.OnHeartbeat("east", new SloMark(3, 1, 2), enough, At(149));

        Assert.NotNull(_board.StandingBefore("east", new SloMark(3, 1, 3), At(150)));
        _board.OnHeartbeat("east", new SloMark(3, 1, 3), enough, At(150));
        Assert.Null(_board.StandingBefore("east", new SloMark(3, 1, 4), At(151)));
    }

    [Fact]
    public void Jobs_are_taken_from_a_heartbeat_that_another_gate_told_of_first()
    {
        var mark = new SloMark(1, 1, 1);
        _board.OnGossip(new SloGossip("east", mark, Busy, Slow), At(0));

        Assert.False(_board.OnHeartbeat("east", mark, Told, At(0)));
        Assert.NotNull(_board.JobOf("east", new JobId(1, 2), At(0)));
    }

    [Fact]
    public void What_another_gate_tells_is_as_old_as_it_says()
    {
        var told = new SloGossip("east", new SloMark(1, 1, 1), Busy, Slow with { Age = S(20) });

        Assert.True(_board.OnGossip(told, At(100)));
        Assert.Equal(Busy, _board.HealthOf("east", At(110)));
        Assert.Equal(SloHealth.Healthy, _board.HealthOf("east", At(111)));
        Assert.False(_board.OnGossip(
            told with { Mark = new SloMark(1, 1, 2), Summary = Slow with { Age = S(31) } }, At(100)));
        Assert.True(_board.OnGossip(
            told with { Mark = new SloMark(1, 1, 3), Summary = Slow with { Age = S(30) } }, At(100)));
        Assert.Equal(Busy, _board.HealthOf("east", At(100)));
    }

    /// <summary>A mark that no datacenter ever reaches, and that only another gate told of.</summary>
    [Theory]
    [InlineData(30, false)]
    [InlineData(31, true)]
    public void A_false_mark_blinds_a_gate_no_longer_than_what_it_told_counts(int second, bool isHeard)
    {
        _board.OnHeartbeat("east", new SloMark(1, 1, 1), Told, At(0));
        var never = new SloMark(long.MaxValue, long.MaxValue, long.MaxValue);
        var untrue = new SloGossip("east", never, SloHealth.Healthy, Slow with { Score = 0 });
        Assert.True(_board.OnGossip(untrue, At(0)));
        Assert.False(_board.OnGossip(untrue, At(second)));

        Assert.Equal(isHeard, _board.OnHeartbeat("east", new SloMark(1, 1, 2), Told, At(second)));
        Assert.Equal(isHeard ? Busy : SloHealth.Healthy, _board.HealthOf("east", At(second)));
        if (!isHeard) return;
        // The datacenter's own word binds, however old it is.
        Assert.False(_board.OnGossip(
            new SloGossip("east", new SloMark(1, 1, 1), SloHealth.Healthy, Slow), At(100)));
    }

    [Fact]
    public void A_gate_tells_once_what_it_heard_itself_and_never_what_it_was_told()
    {
        _board.OnHeartbeat("east", new SloMark(1, 1, 1), Told, At(0));
        _board.OnGossip(new SloGossip("west", new SloMark(1, 1, 1), Busy, Slow), At(0));

        var told = Assert.Single(_board.TakeGossip(At(4)));
        Assert.Equal(("east", S(4)), (told.Datacenter, told.Summary.Age));
        Assert.Empty(_board.TakeGossip(At(5)));
        _board.OnHeartbeat("east", new SloMark(1, 1, 2), Told, At(6));
        _board.OnGossip(new SloGossip("east", new SloMark(1, 1, 3), Busy, Slow), At(7));
        Assert.Empty(_board.TakeGossip(At(8)));
    }

    [Fact]
    public void Summaries_lost_doubled_and_out_of_order_leave_the_newest() =>
        Gen.Select(Gen.Bool, Gen.Int[1, 20]).List[1, 40].Sample(arrivals =>
        {
            var board = new SloBoard(SloConfig.Default);
            foreach (var (isGossip, version) in arrivals)
            {
                var mark = new SloMark(1, 1, version);
                var summary = Slow with { Score = version };
                if (isGossip) board.OnGossip(new SloGossip("east", mark, Busy, summary), At(1));
                else board.OnHeartbeat("east", mark, new DatacenterSlo(Busy, summary, []), At(1));
            }

            Assert.Equal(arrivals.Max(a => a.Item2), board.ViewOf("east", At(1))!.Value.Summary.Score);
        });

    [Theory]
    [InlineData(float.NaN, 1f, 1f)]
    [InlineData(1f, float.PositiveInfinity, 1f)]
    [InlineData(1f, -1f, 1f)]
    [InlineData(1f, 1f, 0f)]
    [InlineData(1f, 1f, 1000f)]
    [InlineData(9e9f, 1f, 1f)]
    [InlineData(1f, 1f, 1f, 0)]
    public void A_summary_that_no_latencies_make_is_a_fault(
        float p99, float score, float factor, uint samples = 5)
    {
        var poisoned = new SloSummary(0.5f, 0.9f, p99, samples, score, factor, Duration.Zero);

        Assert.Equal(
            "summary holds what no latencies make",
            FaultOf(new DatacenterSlo(SloHealth.Healthy, poisoned, [])));
    }

    [Theory]
    [InlineData(1f, true)]
    [InlineData(0.5f, false)]
    public void Without_latencies_everything_is_as_it_is_meant_to_be(float score, bool isSound) =>
        Assert.Equal(isSound, FaultOf(
            new DatacenterSlo(Busy, new SloSummary(0, 0, 0, 0, score, 1, Duration.Zero), [])) is null);

    [Theory]
    [InlineData(DatacenterHealth.Unhealthy, SloRuleKind.None)]
    [InlineData(DatacenterHealth.Healthy, SloRuleKind.P99Unhealthy)]
    [InlineData(DatacenterHealth.Busy, SloRuleKind.P95Degraded)]
    public void A_health_that_its_rule_does_not_make_is_a_fault(DatacenterHealth health, SloRuleKind rule)
    {
        var told = new SloHealth(health, rule);

        Assert.Contains(
            "makes no datacenter", FaultOf(new DatacenterSlo(told, Slow, [])), StringComparison.Ordinal);
        Assert.Contains("makes no datacenter", FaultOf(
            new SloStanding(new SloMark(1, 1, 1), told, S(1))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_standing_that_finds_nothing_is_a_fault() => Assert.Contains(
        "makes no datacenter", FaultOf(new SloStanding(new SloMark(1, 1, 1), SloHealth.Healthy, S(1))),
        StringComparison.Ordinal);

    [Fact]
    public void A_job_that_is_told_twice_is_a_fault()
    {
        var job = new JobSlo(new JobId(1, 2), Slow);

        Assert.Equal($"jobs names {job.Job} twice", FaultOf(new DatacenterSlo(Busy, Slow, [job, job])));
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(100)]
    public void What_the_longest_latencies_make_can_be_told(double factor)
    {
        var config = SloConfig.Default with { FactorMin = factor, FactorMax = factor };
        var digest = LatencyDigest.From([(long.MaxValue, 1000)]).ToDigest();
        var observed = LatencyObservation.Of("east", digest, config.EvaluationWindow);
        var score = SloComplianceScore.Of(SloRatios.Of(observed, new LatencySlo(1, 1, 1)), config);
        var slo = new DatacenterSlo(SloHealth.Healthy, SloSummary.Of(observed, score), []);
        var writer = new FieldWriter();
        DatacenterSlo.Write(writer, slo);
        var reader = new FieldReader(writer.Written);

        Assert.Equal(slo.Summary, DatacenterSlo.Read(ref reader)?.Summary);
    }

    [Fact]
    public void A_hundred_jobs_fit_six_kilobytes()
    {
        var writer = new FieldWriter();
        var jobs = Enumerable.Range(0, SloLimits.JobsMax)
            .Select(i => new JobSlo(new JobId(900, (1L << 40) + i), Slow));
        DatacenterSlo.Write(writer, new DatacenterSlo(Busy, Slow, [.. jobs]));

        Assert.InRange(writer.Length, 1, 6 * 1024);
    }

    private static string? FaultOf(DatacenterSlo slo)
    {
        var writer = new FieldWriter();
        DatacenterSlo.Write(writer, slo);
        var reader = new FieldReader(writer.Written);
        Assert.Equal(DatacenterSlo.Read(ref reader) is null, reader.Fault is not null);
        return reader.Fault;
    }

    private static string? FaultOf(SloStanding standing)
    {
        var writer = new FieldWriter();
        SloStanding.Write(writer, standing);
        var reader = new FieldReader(writer.Written);
        SloStanding.Read(ref reader);
        return reader.Fault;
    }

    private static Duration S(long seconds) => Duration.FromSeconds(seconds);

    private static Instant At(long seconds) => Instant.Zero + S(seconds);
}
