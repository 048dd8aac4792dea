using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobFieldsLimitsTests
{
    private static readonly WorkflowSpec Exec = new(
        "run", WorkflowKind.Exec, 1, Duration.FromSeconds(1), Duration.Zero, null, null, [], null,
        new ExecSpec(["true"]), null);

    private static readonly JobSpec Spec = new(
        "job", new DatacenterChoice(1, [], []), null, null, null, null, [], [Exec]);

    public static TheoryData<string, string> BadJobs => new()
    {
        { "no cores", "workflows[0]: cores is 0; 1 to 4096 is allowed" },
        { "negative duration", "workflows[0]: duration is -1; 0 to 2592000000000000 is allowed" },
        { "depends on itself", "workflows[0]: dependsOn comes back to the workflow itself" },
        { "depends in a circle", "workflows[1]: dependsOn comes back to the workflow itself" },
        { "depends on a stranger", "workflows[0]: dependsOn is 2; 0 to 1 is allowed" },
        { "http without http", "workflows[0]: http is missing" },
        { "exec without exec", "workflows[0]: exec is missing" },
        { "exec with http", "workflows[0]: http is there and the kind is exec" },
        { "http with exec", "workflows[0]: exec is there and the kind is http" },
        { "vus and rate", "workflows[0]: both vus and rate are there; one of them is allowed" },
        { "neither vus nor rate", "workflows[0]: vus or rate is missing" },
        { "ramp without vus", "workflows[0]: ramp is there without vus" },
        { "ramp beyond the duration", "workflows[0]: ramp is longer than the duration" },
        { "no datacenters", "datacenters: count is 0; 1 to 64 is allowed" },
        { "no workflows", "workflows is missing" },
        { "too many workflows", "workflows has more than 256 elements" },
        { "long name", "name has 129 characters; at most 128 are allowed" },
        { "unknown metric", "thresholds[0]: metric is 6; 0 to 5 is allowed" },
    };

    public static TheoryData<string, string> BadStats => new()
    {
        { "more errors than requests", "errors is 11; at most the 10 requests are allowed" },
        { "more latencies than requests", "latency counts 11; at most the 10 requests are allowed" },
        { "negative requests", "requests is -1; 0 to 281474976710656 is allowed" },
        { "kinds out of order", "errorKinds[1] is out of order" },
        { "the same kind twice", "errorKinds[1] is out of order" },
        { "a kind that never happened", "errorKinds[0]: count is 0; 1 to 281474976710656 is allowed" },
    };

    [Theory]
    [MemberData(nameof(BadJobs))]
    public void A_job_that_would_harm_a_machine_is_refused(string what, string fault)
    {
        var writer = new FieldWriter();
        JobFields.Write(writer, Bad(what));
        var reader = new FieldReader(writer.Written);

        Assert.Null(JobFields.ReadJobSpec(ref reader));
        Assert.Equal(fault, reader.Fault);
    }

    [Theory]
    [MemberData(nameof(BadStats))]
    public void Numbers_that_contradict_each_other_are_refused(string what, string fault)
    {
        var writer = new FieldWriter();
        JobFields.Write(writer, BadNumbers(what));
        var reader = new FieldReader(writer.Written);

        Assert.Null(JobFields.ReadRunStats(ref reader));
        Assert.Equal(fault, reader.Fault);
    }

    [Theory]
    [InlineData(new ulong[] { 0, 1, 3 }, "latency: centroids are cut off")]
    [InlineData(new ulong[] { ulong.MaxValue, 1 },
        "latency: centroids hold a step of 18446744073709551615 and a weight of 1")]
    [InlineData(new ulong[] { 0, ulong.MaxValue },
        "latency: centroids hold a step of 0 and a weight of 18446744073709551615")]
    [InlineData(new ulong[] { 0, 1, 1, 1 }, "latency: centroids, min and max contradict each other")]
    [InlineData(new ulong[] { 0, 0 }, "latency: centroids, min and max contradict each other")]
    [InlineData(new ulong[] { }, "latency: centroids, min and max contradict each other")]
    public void A_digest_that_cannot_be_is_refused(ulong[] packed, string fault)
    {
        var writer = new FieldWriter();
        for (var field = 1; field <= 4; field++) writer.Number(field, 0);
        var latency = writer.Begin(7);
        writer.Number(1, 5);
        writer.Number(2, 5);
        var centroids = writer.Begin(3);
        foreach (var number in packed) writer.Packed(number);
        writer.End(centroids);
        writer.End(latency);
        var reader = new FieldReader(writer.Written);

        Assert.Null(JobFields.ReadRunStats(ref reader));
        Assert.Equal(fault, reader.Fault);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(JobLimits.SloMillisecondsMax + 1)]
    public void A_latency_target_that_cannot_be_is_refused(int target)
    {
        var spec = Specs.Job() with { Slo = new SloSpec(null, target, null) };
        var writer = new FieldWriter();
        JobFields.Write(writer, spec);
        var reader = new FieldReader(writer.Written);

        Assert.Null(JobFields.ReadJobSpec(ref reader));
        Assert.Contains("p95Ms", reader.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_digest_has_a_bounded_number_of_centroids()
    {
        var packed = Enumerable.Repeat(new ulong[] { 0, 1 }, LatencyDigest.CentroidsMax + 1);

        A_digest_that_cannot_be_is_refused(
            [.. packed.SelectMany(pair => pair)],
            $"latency: centroids are more than {LatencyDigest.CentroidsMax}");
    }

    [Fact]
    public void A_sentence_that_is_too_long_arrives_as_its_start()
    {
        var reason = new string('x', JobLimits.ReasonLengthMax - 1) + "\U0001F4A5 and more";
        var writer = new FieldWriter();
        JobFields.Write(writer, new JobFault("$", reason));
        var reader = new FieldReader(writer.Written);

        var back = JobFields.ReadJobFault(ref reader);

        Assert.Equal(new string('x', JobLimits.ReasonLengthMax - 1), back?.Message);
    }

    [Theory]
    [InlineData(32, JobLimits.OutputBytesMax)]
    [InlineData(33, JobLimits.SlotOutputBytesMax / 33)]
    [InlineData(256, JobLimits.SlotOutputBytesMax / 256)]
    public void Many_long_outputs_keep_their_last_bytes(int workflows, int kept)
    {
        var output = Enumerable.Range(0, JobLimits.OutputBytesMax).Select(i => (byte)(i % 251)).ToArray();
        var outcome = new AttemptOutcome(AttemptState.Completed, "", 0, RunStats.None, output);
        var results = Enumerable.Range(0, workflows).Select(i => new WorkflowResult(i, 1, "worker", outcome));
        var writer = new FieldWriter();
        JobFields.Write(writer, new SlotOutcome(SlotState.Completed, "", [.. results]));
        var reader = new FieldReader(writer.Written);

        var back = JobFields.ReadSlotOutcome(ref reader);

        Assert.All(back!.Workflows, r => Assert.Equal(output[^kept..], r.Outcome.Output.ToArray()));
    }

    [Fact]
    public void Sums_of_the_largest_numbers_do_not_overflow()
    {
        var latency = LatencyDigest.From([(5, JobLimits.CountMax)]);
        var largest = new RunStats(
            JobLimits.CountMax, JobLimits.CountMax, JobLimits.CountMax, JobLimits.BytesReceivedMax, latency,
            [new ErrorCount("reset", JobLimits.CountMax)]);
        var runs = JobLimits.WorkflowsMax * JobLimits.DatacentersMax;
        var sum = RunStats.Sum(Enumerable.Repeat(largest, runs));

        Assert.Equal(JobLimits.CountMax * runs, sum.Requests);
        Assert.Equal(JobLimits.CountMax * runs, sum.Latency.Count);
        Assert.Equal(long.MaxValue, sum.BytesReceived);
    }

    private static RunStats BadNumbers(string what)
    {
        var stats = RunStats.None with { Requests = 10 };
        return what switch
        {
            "more errors than requests" => stats with { Errors = 11 },
            "more latencies than requests" => stats with { Latency = LatencyDigest.From([(1, 11)]) },
            "negative requests" => stats with { Requests = -1 },
            "kinds out of order" => stats with { ErrorKinds = [new("b", 1), new("a", 1)] },
            "the same kind twice" => stats with { ErrorKinds = [new("a", 1), new("a", 1)] },
            "a kind that never happened" => stats with { ErrorKinds = [new("a", 0)] },
            _ => throw new ArgumentException(what),
        };
    }

    private static JobSpec Bad(string what)
    {
        var http = new HttpSpec("GET", "http://localhost/", [], null, [], Duration.FromSeconds(1));
        return what switch
        {
            "no cores" => Of(Exec with { Cores = 0 }),
            "negative duration" => Of(Exec with { Duration = new Duration(-1) }),
            "depends on itself" => Of(Exec with { DependsOn = [0] }),
            "depends in a circle" =>
                Of(Exec, Exec with { DependsOn = [0, 2] }, Exec with { DependsOn = [1] }),
            "depends on a stranger" => Of(Exec with { DependsOn = [2] }, Exec),
            "http without http" => Of(Exec with { Kind = WorkflowKind.Http, Vus = 1, Exec = null }),
            "exec without exec" => Of(Exec with { Exec = null }),
            "exec with http" => Of(Exec with { Http = http }),
            "http with exec" => Of(Exec with { Kind = WorkflowKind.Http, Vus = 1, Http = http }),
            "vus and rate" =>
                Of(Exec with { Kind = WorkflowKind.Http, Vus = 1, Rate = 1, Http = http, Exec = null }),
            "neither vus nor rate" => Of(Exec with { Kind = WorkflowKind.Http, Http = http, Exec = null }),
            "ramp without vus" =>
                Of(Exec with
                {
                    Kind = WorkflowKind.Http,
                    Rate = 1,
                    Http = http,
                    Exec = null,
                    Ramp = Exec.Duration,
                }),
            "ramp beyond the duration" =>
                Of(Exec with
                {
                    Kind = WorkflowKind.Http,
                    Vus = 1,
                    Http = http,
                    Exec = null,
                    Ramp = Exec.Duration * 2,
                }),
            "no datacenters" => Spec with { Datacenters = new DatacenterChoice(0, [], []) },
            "no workflows" => Of(),
            "too many workflows" => Of([.. Enumerable.Repeat(Exec, JobLimits.WorkflowsMax + 1)]),
            "long name" => Spec with { Name = new string('n', JobLimits.NameLengthMax + 1) },
            "unknown metric" => Spec with
            {
                Thresholds = [new((ThresholdMetric)6, ThresholdOperator.Below, 1, "x < 1")],
            },
            _ => throw new ArgumentException(what),
        };
    }

    private static JobSpec Of(params WorkflowSpec[] workflows) => Spec with { Workflows = workflows };
}
