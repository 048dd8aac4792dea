using System.Runtime.InteropServices;

namespace Hyperscale.Det.Tests.Shell.Cli;

public sealed class TargetCommandTests
{
    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public async Task A_target_serves_until_a_signal_and_then_says_what_it_served(PosixSignal signal)
    {
        await using var target = CliProcess.Start("target", "--port", "0", "--error-rate", "0.5");
        var url = (await target.LineAsync("listening on")).Split(' ')[^1];
        using var client = new HttpClient();
        for (var i = 0; i < 4; i++)
            using (await client.GetAsync($"{url}/items", TestContext.Current.CancellationToken)) { }

        target.Signal(signal);
        var result = await target.EndAsync();

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.EndsWith("target: served 4 requests, 2 as errors\n", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        await using var first = CliProcess.Start("target", "--port", "0");
        var port = (await first.LineAsync("listening on")).Split(':')[^1];

        var second = await CliProcess.RunAsync("target", "--port", port);

        Assert.Equal((2, ""), (second.Code, second.Out));
        Assert.StartsWith("hyperscale: target: ", second.Error, StringComparison.Ordinal);
        Assert.Contains($":{port}", second.Error, StringComparison.Ordinal);
        Assert.Single(second.Error.TrimEnd('\n').Split('\n'));
    }
}
