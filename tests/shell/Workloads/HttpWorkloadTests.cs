using System.Net;
using System.Net.Sockets;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Target;

namespace Hyperscale.Det.Tests.Shell.Workloads;

public sealed class HttpWorkloadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(8, null)]
    [InlineData(null, 400)]
    public async Task Every_request_is_counted_exactly_once(int? vus, int? rate)
    {
        var options = TargetOptions.Default with
        {
            Latency = TimeSpan.FromMilliseconds(5),
            Jitter = TimeSpan.FromMilliseconds(20),
            ErrorPerMille = 100,
        };
        await using var target = await TargetServer.StartAsync(options, Cancellation);
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(Attempts.Http($"{target.Url}/items", 1100, vus, rate));
        Assert.Null(exited.Fault);
        Assert.Equal(0, exited.ExitCode);
        Assert.InRange(exited.Stats.Requests, 20, 100_000);
        Assert.Equal(target.Served, exited.Stats.Requests);
        Assert.Equal(target.Errors, exited.Stats.Errors);
        Assert.Equal([new ErrorCount("status 503", target.Errors)], exited.Stats.ErrorKinds);
        Assert.Equal(exited.Stats.Requests - exited.Stats.Errors, exited.Stats.Latency.Count);
        Assert.Equal(3 * exited.Stats.Requests, exited.Stats.BytesReceived);
        // No request is measured shorter than the target made it wait.
        Assert.InRange(exited.Stats.Latency.Min.Nanoseconds, 5_000_000, 5_000_000_000);
        if (rate is not null) Assert.Equal(440, exited.Stats.Requests + exited.Stats.Dropped);
        else Assert.Equal(0, exited.Stats.Dropped);
        AssertProgress(attempts, exited.Stats);
    }

    [Fact]
    public async Task The_open_model_measures_from_the_intended_start()
    {
        using var stalling = new StallingServer(TimeSpan.FromMilliseconds(400));
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(Attempts.Http(stalling.Url, 1000, rate: 200));
        // Arrivals of 400 ms met a server that stood still; a closed loop would have seen one slow answer.
        Assert.Equal(200, exited.Stats.Requests + exited.Stats.Dropped);
        Assert.Equal(stalling.Served, exited.Stats.Requests);
        var slow = exited.Stats.Latency.Quantile(800_000);
        Assert.InRange(slow.Milliseconds, 100, 10_000);
    }

    [Fact]
    public async Task Users_start_over_the_ramp_and_none_while_it_is_held()
    {
        // Each user's first request is its only one: the server answers none in that time.
        using var stalling = new StallingServer(TimeSpan.FromSeconds(60));
        await using var attempts = new Attempts();
        var workflow = Attempts.Http(stalling.Url, 20_000, vus: 40, timeoutMs: 60_000);
        var attempt = attempts.Start(workflow with { Ramp = Duration.FromSeconds(6) });
        await Attempts.UntilAsync(() => stalling.Served >= 4, "the first users");
        attempts.HoldRamp(attempt, true);
        await Task.Delay(1500, Cancellation);
        var held = stalling.Served;
        Assert.InRange(held, 4, 39);
        await Task.Delay(1500, Cancellation);
        Assert.Equal(held, stalling.Served);

        attempts.HoldRamp(attempt, false);
        await Attempts.UntilAsync(() => stalling.Served == 40, "all users");

        attempts.Stop(attempt, WorkloadSignal.Terminate);
        Assert.Equal(40, (await attempts.EndOf(attempt)).Stats.Requests);
    }

    [Fact]
    public async Task An_answer_that_does_not_come_in_time_is_a_timeout()
    {
        var options = TargetOptions.Default with { Latency = TimeSpan.FromSeconds(30) };
        await using var target = await TargetServer.StartAsync(options, Cancellation);
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(Attempts.Http(target.Url, 300, vus: 2, timeoutMs: 200));
        Assert.Equal(0, exited.ExitCode);
        Assert.InRange(exited.Stats.Requests, 2, 6);
        Assert.Equal([new ErrorCount("timeout", exited.Stats.Requests)], exited.Stats.ErrorKinds);
        // What was waited is the least that it would have taken.
        Assert.Equal(exited.Stats.Requests, exited.Stats.Latency.Count);
        Assert.InRange(exited.Stats.Latency.Min.Milliseconds, 200, 5_000);
        AssertRecent(attempts, exited.Stats);
    }

    [Fact]
    public async Task A_status_that_was_not_expected_is_an_error_by_its_number()
    {
        await using var target = await TargetServer.StartAsync(TargetOptions.Default, Cancellation);
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(Attempts.Http(target.Url, 200, rate: 50, expect: [201, 404]));
        Assert.Equal([new ErrorCount("status 200", exited.Stats.Requests)], exited.Stats.ErrorKinds);
        Assert.Equal(exited.Stats.Requests, exited.Stats.Errors);
        // However soon it came, no latency is the better for it.
        Assert.Equal(0, exited.Stats.Latency.Count);
        Assert.Equal(3 * exited.Stats.Requests, exited.Stats.BytesReceived);
        Assert.Equal(10, exited.Stats.Requests + exited.Stats.Dropped);
    }

    [Fact]
    public async Task A_target_that_nobody_serves_is_an_error_and_not_a_fault()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://{listener.LocalEndpoint}/";
        listener.Stop();
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(Attempts.Http(url, 200, rate: 50));
        Assert.Null(exited.Fault);
        Assert.Equal([new ErrorCount("connection refused", exited.Stats.Requests)], exited.Stats.ErrorKinds);
        Assert.Equal(0, exited.Stats.Latency.Count);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/", "GET", "not an http or https URL: ftp://127.0.0.1/")]
    [InlineData("items", "GET", "not an http or https URL: items")]
    [InlineData("http://127.0.0.1/", "NOT GOOD", "not a valid request")]
    public async Task A_request_that_cannot_be_made_is_a_fault(string url, string method, string fault)
    {
        await using var attempts = new Attempts();
        var workflow = Attempts.Http(url, 200, vus: 1);
        var http = workflow.Http! with { Method = method };
        var exited = await attempts.RunAsync(workflow with { Http = http });
        Assert.StartsWith(fault, exited.Fault, StringComparison.Ordinal);
        Assert.Null(exited.ExitCode);
    }

    [Theory]
    [InlineData(WorkloadSignal.Terminate, 128 + 15)]
    [InlineData(WorkloadSignal.Kill, 128 + 9)]
    public async Task A_load_that_is_stopped_ends_at_once(WorkloadSignal signal, int exitCode)
    {
        var options = TargetOptions.Default with { Latency = TimeSpan.FromSeconds(60) };
        await using var target = await TargetServer.StartAsync(options, Cancellation);
        await using var attempts = new Attempts();
        var attempt = attempts.Start(Attempts.Http(target.Url, 60_000, vus: 3, timeoutMs: 60_000));
        await Attempts.UntilAsync(() => target.Served == 3, "three requests");
        attempts.Stop(attempt, signal);
        var exited = await attempts.EndOf(attempt);
        Assert.Equal(exitCode, exited.ExitCode);
        Assert.Null(exited.Fault);
        if (signal == WorkloadSignal.Terminate)
            Assert.Equal([new ErrorCount("stopped", 3)], exited.Stats.ErrorKinds);
    }

    [Fact]
    public async Task Method_headers_and_body_arrive_as_they_were_given()
    {
        using var server = new StallingServer(TimeSpan.Zero);
        await using var attempts = new Attempts();
        var workflow = Attempts.Http($"{server.Url}pay?x=1", 100, rate: 20);
        var http = workflow.Http! with
        {
            Method = "POST",
            Body = "{\"a\":1}",
            Headers = [new("Content-Type", "application/json"), new("X-A", "b")],
        };
        var exited = await attempts.RunAsync(workflow with { Http = http });
        Assert.Equal(2, exited.Stats.Requests + exited.Stats.Dropped);
        Assert.StartsWith("POST /pay?x=1 HTTP/1.1\r\n", server.FirstRequest, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/json\r\n", server.FirstRequest, StringComparison.Ordinal);
        Assert.Contains("X-A: b\r\n", server.FirstRequest, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n{\"a\":1}", server.FirstRequest, StringComparison.Ordinal);
    }

    private static void AssertProgress(Attempts attempts, RunStats final)
    {
        var reports = attempts.Told.OfType<NodeInput.WorkloadReported>().Select(r => r.Stats).ToList();
        Assert.NotEmpty(reports);
        var cumulative = reports.Append(final).ToList();
        foreach (var (earlier, later) in cumulative.Zip(cumulative.Skip(1)))
            Assert.True(earlier.Requests <= later.Requests);
        AssertRecent(attempts, final);
    }

    private static void AssertRecent(Attempts attempts, RunStats final)
    {
        // What is told as recent adds up to all there was.
        var recent = attempts.Told.Sum(told => told switch
        {
            NodeInput.WorkloadReported reported => reported.Recent.Count,
            NodeInput.WorkloadExited exited => exited.Recent.Count,
            _ => 0,
        });
        Assert.Equal(final.Latency.Count, recent);
    }
}
