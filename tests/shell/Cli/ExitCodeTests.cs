using System.Net;
using System.Runtime.InteropServices;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Tests.Shell.Http;
using Hyperscale.Det.Tests.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>What the real program ends with, before a gate that answers as the test says.</summary>
public sealed class ExitCodeTests : IDisposable
{
    private const string NobodyIsHere = "http://127.0.0.1:1";

    private readonly string _job = Path.GetTempFileName();

    public ExitCodeTests() => File.WriteAllText(_job, Api.JobFile);

    public void Dispose() => File.Delete(_job);

    [Theory]
    [InlineData(JobState.Completed, 0)]
    [InlineData(JobState.Failed, 3)]
    [InlineData(JobState.Cancelled, 4)]
    public async Task A_submission_that_waits_ends_as_the_job_does(JobState state, int code)
    {
        await using var api = await GateOfAsync(JobSamples.Status(state, 1));
        var result = await CliProcess.RunAsync("submit", _job, "--wait", "--gate", $"{api.Url}");

        Assert.Equal((code, ""), (result.Code, result.Error));
        Assert.Contains($"{JobSamples.Id} 'checkout' {Word(state)}", result.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(JobState.Completed, 6)]
    [InlineData(JobState.Failed, 3)]
    public async Task A_crossed_threshold_matters_to_a_job_that_has_completed(JobState state, int code)
    {
        var status = JobSamples.Status(state, 1);
        var threshold = new Threshold(
            ThresholdMetric.Requests, ThresholdOperator.AtLeast, 1_000_000, "requests >= 1");
        await using var api = await GateOfAsync(
            status with { Spec = status.Spec with { Thresholds = [threshold] } });

        Assert.Equal(code, (await CliProcess.RunAsync("watch", $"{status.Id}", "--gate", $"{api.Url}")).Code);
    }

    [Theory]
    [InlineData("submit", "JOB", "--wait")]
    [InlineData("submit", "JOB")]
    [InlineData("run", "JOB")]
    [InlineData("status", "012-0000000042")]
    [InlineData("watch", "012-0000000042")]
    [InlineData("cancel", "012-0000000042")]
    [InlineData("jobs")]
    public async Task Without_a_cluster_it_is_5(params string[] arguments)
    {
        var command = arguments.Select(argument => argument == "JOB" ? _job : argument);
        var result = await CliProcess.RunAsync(
            [.. command, "--gate", NobodyIsHere, "--gate", "http://127.0.0.1:2"]);

        Assert.Equal((5, ""), (result.Code, result.Out));
        Assert.Equal(
            $"hyperscale: no cluster reachable: {NobodyIsHere}: Connection refused\n"
            + "hyperscale: no cluster reachable: http://127.0.0.1:2: Connection refused\n",
            result.Error);
    }

    [Fact]
    public async Task The_next_gate_is_asked_when_one_does_not_answer()
    {
        await using var api = await GateOfAsync(JobSamples.Status(JobState.Completed, 1));
        var result = await CliProcess.RunAsync(
            "status", $"{JobSamples.Id}", "--gate", NobodyIsHere, "--gate", $"{api.Url}");

        Assert.Equal((0, ""), (result.Code, result.Error));
    }

    [Fact]
    public async Task What_is_no_gate_is_no_cluster()
    {
        await using var target = await Hyperscale.Det.Shell.Target.TargetServer.StartAsync(
            Hyperscale.Det.Shell.Target.TargetOptions.Default, TestContext.Current.CancellationToken);
        var result = await CliProcess.RunAsync("jobs", "--gate", target.Url);

        Assert.Equal(5, result.Code);
        Assert.Contains(
            $"{target.Url} does not answer as a gate does", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_is_not_known_is_2()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.NotFound(JobSamples.Id));
        var result = await CliProcess.RunAsync("status", $"{JobSamples.Id}", "--gate", $"{api.Url}");

        Assert.Equal(2, result.Code);
        Assert.Contains($"no job {JobSamples.Id} is known", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_job_is_2_with_every_fault()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Invalid(
        [
            new("$.datacenters.count", "is 9; 2 are configured"),
            new("$.datacenters.only", "names no 'dc-z'"),
        ]));
        var result = await CliProcess.RunAsync("submit", _job, "--gate", $"{api.Url}");

        Assert.Equal(
            (2, "hyperscale: $.datacenters.count: is 9; 2 are configured\n"
                + "hyperscale: $.datacenters.only: names no 'dc-z'\n"),
            (result.Code, result.Error));
    }

    [Fact]
    public async Task An_invalid_job_is_2_before_anybody_is_asked()
    {
        await File.WriteAllTextAsync(_job, """
            { "name": "x", "workflows": [ { "name": "a", "kind": "exec", "cores": 0, "duration": "1s",
              "exec": { "command": ["true"] } } ] }
            """, TestContext.Current.CancellationToken);
        foreach (var command in new[] { "validate", "run", "submit" })
        {
            var result = await CliProcess.RunAsync(command, _job);
            Assert.Equal((2, ""), (result.Code, result.Out));
            Assert.StartsWith(
                $"hyperscale: {_job}: $.workflows[0].cores: is 0; ", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_submission_whose_fate_is_unknown_is_repeated_with_the_same_key()
    {
        await using var api = await Api.StartAsync();
        var asked = 0;
        api.Gate.Answer = (_, _) => Task.FromResult<ClientResponse>(asked++ switch
        {
            0 => new ClientResponse.OutcomeUnknown("gate-2 did not answer"),
            1 => new ClientResponse.Pending(Duration.FromSeconds(1)),
            _ => new ClientResponse.Accepted(JobSamples.Id, WasDuplicate: true, IsDeduplicated: true),
        });
        var result = await CliProcess.RunAsync("submit", _job, "--gate", $"{api.Url}");

        Assert.Equal((0, $"{JobSamples.Id}\n", ""), (result.Code, result.Out, result.Error));
        var keys = api.Gate.Asked.Cast<ClientRequest.SubmitJob>().Select(submit => submit.Key).ToList();
        Assert.Equal(3, keys.Count);
        Assert.NotNull(Assert.Single(keys.Distinct()));
    }

    [Fact]
    public async Task Every_submission_has_a_key_of_one_client_with_the_next_sequence_or_the_one_it_is_given()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answers(new ClientResponse.Accepted(JobSamples.Id));
        var state = Directory.CreateTempSubdirectory("state-").FullName;
        foreach (var key in new[] { null, null, "order-4711" })
        {
            string[] given = key is null ? [] : ["--idempotency-key", key];
            await using var process = CliProcess.StartWith(
                ("XDG_STATE_HOME", state), ["submit", _job, "--gate", $"{api.Url}", .. given]);
            Assert.Equal((0, ""), (await process.EndAsync()) is var end ? (end.Code, end.Error) : default);
        }

        Directory.Delete(state, recursive: true);
        var keys = api.Gate.Asked.Cast<ClientRequest.SubmitJob>()
            .Select(submit => submit.Key!.Value).ToList();
        Assert.True(keys[0].TryGetSequence(out var first, out var sequence));
        Assert.True(keys[1].TryGetSequence(out var second, out var next));
        Assert.Equal((first.ClientId, sequence + 1), (second.ClientId, next));
        Assert.NotEqual(first.Nonce, second.Nonce);
        Assert.Equal("order-4711", keys[2].Text);
    }

    [Theory]
    [InlineData("", "1 to 255 printable")]
    [InlineData("a\u00e4", "1 to 255 printable")]
    public async Task A_key_that_is_none_is_2(string key, string needed)
    {
        var result = await CliProcess.RunAsync("submit", _job, "--idempotency-key", key);
        Assert.Equal(2, result.Code);
        Assert.Contains(needed, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_that_is_busy_is_asked_again()
    {
        await using var api = await Api.StartAsync();
        var asked = 0;
        api.Gate.Answer = (_, _) => Task.FromResult<ClientResponse>(asked++ < 2
            ? new ClientResponse.Unavailable("gate-2 is away", Duration.FromSeconds(1))
            : new ClientResponse.Accepted(JobSamples.Id));
        var result = await CliProcess.RunAsync("submit", _job, "--gate", $"{api.Url}");

        Assert.Equal((0, $"{JobSamples.Id}\n", ""), (result.Code, result.Out, result.Error));
        Assert.Equal(3, asked);
    }

    [Fact]
    public async Task A_fault_of_the_gate_is_1()
    {
        await using var api = await Api.StartAsync();
        api.Gate.Answer = (_, _) => throw new InvalidOperationException("a bug");
        var result = await CliProcess.RunAsync("jobs", "--gate", $"{api.Url}");

        Assert.Equal(1, result.Code);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public async Task A_signal_cancels_the_job_that_is_waited_for(PosixSignal signal)
    {
        var running = JobSamples.Status(JobState.Running, 1);
        await using var api = await GateOfAsync(running);
        await using var submit = CliProcess.Start("submit", _job, "--wait", "--gate", $"{api.Url}");
        await submit.LineAsync("running");
        submit.Signal(signal);
        var result = await submit.EndAsync();

        Assert.Equal(4, result.Code);
        Assert.Equal(
            $"hyperscale: cancelling job {running.Id}; a second signal ends at once\n", result.Error);
        Assert.Contains($"{running.Id} 'checkout' cancelled", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancellation_waits_for_a_gate_that_starts_again()
    {
        var running = JobSamples.Status(JobState.Running, 1);
        CliProcess submit;
        Uri url;
        await using (var first = await GateOfAsync(running))
        {
            url = first.Url;
            submit = CliProcess.Start("submit", _job, "--wait", "--gate", $"{url}");
            await submit.LineAsync("running");
        }

        await using (submit)
        {
            submit.Signal(PosixSignal.SIGINT);
            await submit.ErrorAsync("cancelling");
            var sameAddress = new ApiOptions(new IPEndPoint(IPAddress.Loopback, url.Port));
            await using var again = await GateOfAsync(running, options: sameAddress);

            Assert.Equal(4, (await submit.EndAsync()).Code);
        }
    }

    [Fact]
    public async Task A_second_signal_ends_at_once()
    {
        var running = JobSamples.Status(JobState.Running, 1);
        await using var api = await GateOfAsync(running, isCancellable: false);
        await using var submit = CliProcess.Start("submit", _job, "--wait", "--gate", $"{api.Url}");
        await submit.LineAsync("running");
        submit.Signal(PosixSignal.SIGINT);
        await WaitFor.TrueAsync(() => api.Gate.Asked.OfType<ClientRequest.CancelJob>().Any());
        submit.Signal(PosixSignal.SIGINT);

        Assert.Equal(4, (await submit.EndAsync()).Code);
    }

    [Fact]
    public async Task A_signal_ends_watching_and_not_the_job()
    {
        var running = JobSamples.Status(JobState.Running, 1);
        await using var api = await GateOfAsync(running);
        await using var watch = CliProcess.Start("watch", $"{running.Id}", "--gate", $"{api.Url}");
        await watch.LineAsync("running");
        watch.Signal(PosixSignal.SIGINT);
        var result = await watch.EndAsync();

        Assert.Equal(
            (130, $"hyperscale: no longer watching; job {running.Id} goes on\n"),
            (result.Code, result.Error));
        Assert.Empty(api.Gate.Asked.OfType<ClientRequest.CancelJob>());
    }

    [Fact]
    public async Task Every_reading_command_prints_json()
    {
        var status = JobSamples.Status(JobState.Completed, 1);
        await using var api = await GateOfAsync(status);
        string[][] commands =
        [
            ["jobs"], ["status", $"{status.Id}"], ["watch", $"{status.Id}"], ["submit", _job],
            ["submit", _job, "--wait"], ["run", _job, "--out", Path.GetTempPath()],
        ];
        foreach (var command in commands)
        {
            var result = await CliProcess.RunAsync([.. command, "--json", "--gate", $"{api.Url}"]);
            Assert.Equal((0, ""), (result.Code, result.Error));
            using var json = System.Text.Json.JsonDocument.Parse(result.Out);
            Assert.Contains("012-0000000042", json.RootElement.GetRawText(), StringComparison.Ordinal);
        }
    }

    /// <summary>A gate with one job; cancelling it ends it.</summary>
    private static async Task<Api> GateOfAsync(
        JobStatus status, bool isCancellable = true, ApiOptions? options = null)
    {
        var job = new WatchedJob(status);
        var api = await Api.StartAsync(options);
        api.Gate.Answer = async (request, cancellation) =>
        {
            switch (request)
            {
                case ClientRequest.SubmitJob:
                    return new ClientResponse.Accepted(status.Id);
                case ClientRequest.ListJobs:
                    return new ClientResponse.Jobs(
                        [new(status.Id, status.Spec.Name, status.State, "", status.Submitted)], []);
                case ClientRequest.CancelJob when isCancellable:
                    var cancelled = status with
                    {
                        State = JobState.Cancelled,
                        Revision = status.Revision + 1,
                    };
                    job.Become(cancelled);
                    return new ClientResponse.CancelAccepted(cancelled);
                case ClientRequest.CancelJob:
                    return new ClientResponse.CancelAccepted(status with { State = JobState.Cancelling });
                default:
                    return await job.AnswerAsync(request, cancellation);
            }
        };
        return api;
    }

    private static string Word(JobState state) => state.ToString().ToLowerInvariant();
}
