using System.Net;
using Hyperscale.Det.Shell.Target;

namespace Hyperscale.Det.Tests.Shell.Target;

public sealed class TargetServerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Statistics_count_what_was_served_and_not_themselves()
    {
        await using var target = await TargetServer.StartAsync(TargetOptions.Default, Cancellation);
        using var client = new HttpClient();
        for (var i = 0; i < 3; i++)
            Assert.Equal("ok\n", await client.GetStringAsync($"{target.Url}/any/path", Cancellation));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(
                "{\"served\": 3, \"errors\": 0}\n",
                await client.GetStringAsync($"{target.Url}/stats", Cancellation));
        }
    }

    [Fact]
    public async Task Errors_are_spread_evenly_at_the_wanted_rate()
    {
        var options = TargetOptions.Default with { ErrorPerMille = 250 };
        await using var target = await TargetServer.StartAsync(options, Cancellation);
        using var client = new HttpClient();
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 8; i++)
        {
            using var response = await client.GetAsync(target.Url, Cancellation);
            statuses.Add(response.StatusCode);
        }

        var (ok, error) = (HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable);
        Assert.Equal([ok, ok, ok, error, ok, ok, ok, error], statuses);
    }

    [Fact]
    public async Task A_port_in_use_is_an_error_that_names_it()
    {
        await using var target = await TargetServer.StartAsync(TargetOptions.Default, Cancellation);
        var options = TargetOptions.Default with { Port = new Uri(target.Url).Port };
        var error = await Assert.ThrowsAsync<IOException>(
            () => TargetServer.StartAsync(options, Cancellation));
        Assert.Contains($":{options.Port}", error.Message, StringComparison.Ordinal);
    }
}
