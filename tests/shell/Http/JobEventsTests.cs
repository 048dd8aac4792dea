using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Tests.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Http;

public sealed class JobEventsTests
{
    private static readonly string EventsPath = $"/v1/jobs/{JobSamples.Id}/events";

    private static readonly ApiOptions Quick =
        Api.Options with { EventInterval = TimeSpan.FromMilliseconds(1) };

    [Fact]
    public async Task Every_change_is_an_event_and_the_end_of_the_job_is_the_end_of_the_stream()
    {
        await using var api = await Api.StartAsync(Quick);
        var job = Follow(api, JobState.Accepted, 1);
        await using var events = await EventReader.OpenAsync(api, EventsPath);
        Assert.Equal("text/event-stream", events.Response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("no-store", events.Response.Headers.CacheControl?.ToString());

        var seen = new List<(string Id, JobState State)>();
        foreach (var (state, revision) in new[]
        {
            (JobState.Running, 2L), (JobState.Running, 30), (JobState.Cancelling, 4), (JobState.Cancelled, 5),
        })
        {
            seen.Add(await NextAsync(events));
            job.Become(JobSamples.Status(state, revision));
        }

        seen.Add(await NextAsync(events));
        Assert.Equal(
            [
                ("1", JobState.Accepted), ("2", JobState.Running), ("30", JobState.Running),
                ("4", JobState.Cancelling), ("5", JobState.Cancelled),
            ],
            seen);
        Assert.Null(await events.NextEventAsync());
    }

    [Fact]
    public async Task An_event_leaves_out_what_cannot_change()
    {
        await using var api = await Api.StartAsync(Quick);
        Follow(api, JobState.Running, 1);
        await using var events = await EventReader.OpenAsync(api, EventsPath);

        Assert.Null((await events.NextEventAsync())!.Status.Spec);
    }

    [Fact]
    public async Task A_job_that_has_ended_is_one_event()
    {
        await using var api = await Api.StartAsync(Quick);
        Follow(api, JobState.Failed, 9);
        await using var events = await EventReader.OpenAsync(api, EventsPath);

        Assert.Equal(("9", JobState.Failed), await NextAsync(events));
        Assert.Null(await events.NextEventAsync());
        Assert.Single(api.Gate.Asked);
    }

    [Fact]
    public async Task A_reader_that_comes_back_sees_only_what_is_new_to_it()
    {
        await using var api = await Api.StartAsync(Quick);
        var job = Follow(api, JobState.Running, 7);
        await using var events = await EventReader.OpenAsync(api, EventsPath, lastId: "7");
        await Eventually(() => job.Watchers == 1);
        job.Become(JobSamples.Status(JobState.Completed, 8));

        Assert.Equal(("8", JobState.Completed), await NextAsync(events));
        Assert.Null(await events.NextEventAsync());
    }

    [Theory]
    [InlineData("6")]
    [InlineData("nonsense")]
    [InlineData("9223372036854775808")]
    public async Task A_reader_that_has_seen_something_else_sees_the_present_first(string lastId)
    {
        await using var api = await Api.StartAsync(Quick);
        Follow(api, JobState.Running, 7);
        await using var events = await EventReader.OpenAsync(api, EventsPath, lastId);

        Assert.Equal(("7", JobState.Running), await NextAsync(events));
    }

    [Fact]
    public async Task A_reader_that_has_seen_the_end_is_told_that_there_is_no_more()
    {
        await using var api = await Api.StartAsync(Quick);
        Follow(api, JobState.Completed, 7);
        await using var events = await EventReader.OpenAsync(api, EventsPath, lastId: "7");

        Assert.Equal(HttpStatusCode.NoContent, events.Response.StatusCode);
    }

    [Fact]
    public async Task Silence_is_broken_by_comments()
    {
        await using var api = await Api.StartAsync(Quick with { KeepAlive = TimeSpan.FromMilliseconds(20) });
        Follow(api, JobState.Running, 1);
        await using var events = await EventReader.OpenAsync(api, EventsPath);

        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < 3; i++) Assert.NotNull(await events.NextCommentAsync());
        Assert.True(Stopwatch.GetElapsedTime(started) < Api.Options.AskWithin);
    }

    [Fact]
    public async Task Changes_that_come_close_together_are_one_event()
    {
        await using var api = await Api.StartAsync(
            Api.Options with { EventInterval = TimeSpan.FromMilliseconds(500) });
        var job = Follow(api, JobState.Running, 1);
        await using var events = await EventReader.OpenAsync(api, EventsPath);
        Assert.Equal(("1", JobState.Running), await NextAsync(events));
        for (var revision = 2; revision <= 9; revision++)
            job.Become(JobSamples.Status(JobState.Running, revision));

        Assert.Equal(("9", JobState.Running), await NextAsync(events));
    }

    [Fact]
    public async Task A_watch_that_ends_without_a_change_is_no_event()
    {
        await using var api = await Api.StartAsync(Quick);
        var asked = 0;
        api.Gate.Answer = (_, _) => Task.FromResult<ClientResponse>(new ClientResponse.Status(
            JobSamples.Status(++asked > 5 ? JobState.Completed : JobState.Running, asked > 5 ? 2 : 1)));
        await using var events = await EventReader.OpenAsync(api, EventsPath);

        Assert.Equal(("1", JobState.Running), await NextAsync(events));
        Assert.Equal(("2", JobState.Completed), await NextAsync(events));
        Assert.Null(await events.NextEventAsync());
    }

    [Fact]
    public async Task A_short_outage_of_the_owner_does_not_end_the_stream()
    {
        await using var api = await Api.StartAsync(Quick);
        var asked = 0;
        api.Gate.Answer = (_, _) => Task.FromResult<ClientResponse>(++asked switch
        {
            1 => new ClientResponse.Status(JobSamples.Status(JobState.Running, 1)),
            < 6 => new ClientResponse.Unavailable("gone", Duration.FromSeconds(1)),
            < 9 => new ClientResponse.OutcomeUnknown("gone"),
            _ => new ClientResponse.Status(JobSamples.Status(JobState.Completed, 2)),
        });
        await using var events = await EventReader.OpenAsync(api, EventsPath);

        Assert.Equal(("1", JobState.Running), await NextAsync(events));
        Assert.Equal(("2", JobState.Completed), await NextAsync(events));
    }

    [Fact]
    public async Task Many_short_outages_are_no_long_one()
    {
        await using var api = await Api.StartAsync(Quick with { OutageWithin = TimeSpan.FromSeconds(1) });
        var (asked, started) = (0, Stopwatch.GetTimestamp());
        api.Gate.Answer = (_, _) => Task.FromResult<ClientResponse>((++asked % 2) switch
        {
            0 => new ClientResponse.Unavailable("gone", Duration.FromSeconds(1)),
            _ when Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(2) =>
                new ClientResponse.Status(JobSamples.Status(JobState.Completed, 2)),
            _ => new ClientResponse.Status(JobSamples.Status(JobState.Running, 1)),
        });
        await using var events = await EventReader.OpenAsync(api, EventsPath);

        Assert.Equal(("1", JobState.Running), await NextAsync(events));
        Assert.Equal(("2", JobState.Completed), await NextAsync(events));
    }

    [Fact]
    public async Task A_long_outage_of_the_owner_ends_the_stream_with_a_problem() =>
        await EndsWithProblemAsync(
            new ClientResponse.Unavailable("gone", Duration.FromSeconds(1)), ":unavailable");

    [Fact]
    public async Task A_job_that_was_forgotten_ends_the_stream_with_a_problem() =>
        await EndsWithProblemAsync(new ClientResponse.NotFound(JobSamples.Id), ":job-not-found");

    [Fact]
    public async Task A_reader_that_leaves_is_noticed_and_its_watch_given_up()
    {
        await using var api = await Api.StartAsync(Quick);
        var job = Follow(api, JobState.Running, 1);
        await using (var events = await EventReader.OpenAsync(api, EventsPath))
        {
            await events.NextEventAsync();
            await Eventually(() => job.Watchers == 1);
        }

        await Eventually(() => job.Watchers == 0);
    }

    [Fact]
    public async Task A_reader_that_reads_nothing_is_cut_off_and_holds_nothing_up()
    {
        await using var api = await Api.StartAsync(
            Quick with { ReadWithin = TimeSpan.FromMilliseconds(300) });
        var (revision, large) = (0, new string('x', 256 * 1024));
        api.Gate.Answer = (_, _) => Task.FromResult<ClientResponse>(new ClientResponse.Status(
            JobSamples.Status(JobState.Running, ++revision) with { Reason = large }));
        using var reader = new TcpClient();
        await reader.ConnectAsync(api.Url.Host, api.Url.Port, Api.Cancellation);
        await reader.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"GET {EventsPath} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            Api.Cancellation);

        await Eventually(async () => await StreamsAsync(api) == 1);
        await Eventually(async () => await StreamsAsync(api) == 0);
        var asked = revision;
        using var other = await api.SendAsync("GET", "/livez");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Equal(asked, revision);
    }

    [Fact]
    public async Task More_readers_than_the_bound_are_turned_away()
    {
        await using var api = await Api.StartAsync(Quick with { EventStreamsMax = 1 });
        Follow(api, JobState.Running, 1);
        await using (var first = await EventReader.OpenAsync(api, EventsPath))
        {
            await first.NextEventAsync();
            using var second = await api.SendAsync("GET", EventsPath);
            await Api.ProblemAsync(second, HttpStatusCode.ServiceUnavailable);
            Assert.NotNull(second.Headers.RetryAfter?.Delta);
        }

        await Eventually(async () => await StreamsAsync(api) == 0);
        await using var third = await EventReader.OpenAsync(api, EventsPath);
        Assert.Equal(("1", JobState.Running), await NextAsync(third));
    }

    [Fact]
    public async Task A_server_that_stops_ends_its_streams()
    {
        await using var api = await Api.StartAsync(Quick with { StopWithin = TimeSpan.FromMinutes(1) });
        Follow(api, JobState.Running, 1);
        await using var events = await EventReader.OpenAsync(api, EventsPath);
        await events.NextEventAsync();
        var stopped = api.StopAsync();

        Assert.Null(await events.NextEventAsync());
        await stopped;
    }

    private static async Task EndsWithProblemAsync(ClientResponse answer, string type)
    {
        await using var api = await Api.StartAsync(
            Quick with { OutageWithin = TimeSpan.FromMilliseconds(50) });
        var asked = 0;
        api.Gate.Answer = (_, _) => Task.FromResult(
            ++asked == 1 ? new ClientResponse.Status(JobSamples.Status(JobState.Running, 1)) : answer);
        await using var events = await EventReader.OpenAsync(api, EventsPath);
        await events.NextEventAsync();

        var last = await events.NextEventAsync();
        Assert.Equal("problem", last?.Name);
        Assert.EndsWith(type, last!.Read(ApiJson.Compact.ProblemJson).Type, StringComparison.Ordinal);
        Assert.Null(await events.NextEventAsync());
    }

    private static WatchedJob Follow(Api api, JobState state, long revision)
    {
        var job = new WatchedJob(JobSamples.Status(state, revision));
        api.Gate.Answer = job.AnswerAsync;
        return job;
    }

    private static async Task<(string Id, JobState State)> NextAsync(EventReader events)
    {
        var block = await events.NextEventAsync();
        Assert.Equal("status", block?.Name);
        Assert.Equal(block!.Id, block.Status.Revision);
        return (block.Id, block.Status.State);
    }

    private static async Task<int> StreamsAsync(Api api)
    {
        const string name = "hyperscale_http_event_streams{node=\"gate-1\"} ";
        var text = await api.Client.GetStringAsync("/metrics", Api.Cancellation);
        var line = text.Split('\n').Single(l => l.StartsWith(name, StringComparison.Ordinal));
        return int.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }

    private static Task Eventually(Func<bool> condition) => Eventually(() => Task.FromResult(condition()));

    // Nothing tells a test when a server has noticed that its client is gone.
    private static async Task Eventually(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Api.Patience);
            await Task.Delay(5, Api.Cancellation);
        }
    }
}
