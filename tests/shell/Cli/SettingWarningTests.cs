using System.Runtime.InteropServices;

namespace Hyperscale.Det.Tests.Shell.Cli;

public sealed class SettingWarningTests
{
    private const string Told = "warning settings: ROUTE_LEARNING_MIN_SAMPLES: is an older name; "
        + "ADAPTIVE_ROUTING_MIN_SAMPLES is the one to use";

    public static TheoryData<string[]> Starts => new(
        ["worker", "--config", Path.Combine(Examples.Directory, "cluster", "worker-1.json")],
        [
            "dev", "--gates", "1", "--datacenters", "1", "--managers", "1", "--workers", "1",
            "--http", "127.0.0.1:0",
        ]);

    [Theory]
    [MemberData(nameof(Starts))]
    public async Task An_older_name_of_a_setting_is_told_once_at_the_start(string[] arguments)
    {
        await using var process = CliProcess.StartWith(("ROUTE_LEARNING_MIN_SAMPLES", "3"), arguments);
        await process.LineAsync("ready");
        process.Signal(PosixSignal.SIGTERM);
        var ended = await process.EndAsync();

        Assert.Equal(0, ended.Code);
        Assert.Single(ended.Error.Split('\n'), line => line.EndsWith(Told, StringComparison.Ordinal));
    }
}
