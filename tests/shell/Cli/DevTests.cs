using System.Runtime.InteropServices;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>A cluster in one process, as people start it to try things.</summary>
public sealed class DevTests
{
    private static readonly string[] Small =
        ["dev", "--gates", "2", "--datacenters", "1", "--managers", "1", "--workers", "1"];

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public async Task It_serves_until_a_signal_and_leaves_no_data(PosixSignal signal)
    {
        var temporary = Directory.CreateTempSubdirectory("hyperscale-test-").FullName;
        try
        {
            await using var dev = CliProcess.StartWith(
                ("TMPDIR", temporary), [.. Small, "--http", "127.0.0.1:0"]);
            await dev.LineAsync("ready in");
            var gates = dev.Lines.Where(line => line.StartsWith("dev: gate at ", StringComparison.Ordinal))
                .Select(line => line["dev: gate at ".Length..]).ToList();
            Assert.Equal(2, gates.Count);
            var jobs = await CliProcess.RunAsync("jobs", "--gate", gates[1]);
            Assert.Equal((0, "id  state  submitted  name  reason\n", ""), (jobs.Code, jobs.Out, jobs.Error));
            Assert.NotEmpty(Directory.GetDirectories(temporary, "hyperscale-*"));

            dev.Signal(signal);
            Assert.Equal(0, (await dev.EndAsync()).Code);
            Assert.Empty(Directory.GetDirectories(temporary, "hyperscale-*"));
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    [Fact]
    public async Task Jobs_are_still_there_when_the_data_is_kept()
    {
        var data = Directory.CreateTempSubdirectory("hyperscale-test-").FullName;
        try
        {
            string id;
            await using (var first = CliProcess.Start([.. Small, "--http", "127.0.0.1:0", "--data", data]))
            {
                await first.LineAsync("ready in");
                var file = Path.Combine(data, "job.json");
                await File.WriteAllTextAsync(
                    file, Http.Api.JobFile, TestContext.Current.CancellationToken);
                var submitted = await CliProcess.RunAsync("submit", file, "--gate", GateOf(first), "--wait");
                Assert.Equal(0, submitted.Code);
                id = submitted.Out.Split(' ')[0];
                first.Signal(PosixSignal.SIGINT);
                Assert.Equal(0, (await first.EndAsync()).Code);
            }

            await using var second = CliProcess.Start([.. Small, "--http", "127.0.0.1:0", "--data", data]);
            await second.LineAsync("ready in");
            var status = await CliProcess.RunAsync("status", id, "--gate", GateOf(second));
            Assert.Contains($"job {id} 'checkout' completed", status.Out, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task An_address_in_use_is_named()
    {
        await using var target = await Det.Shell.Target.TargetServer.StartAsync(
            Det.Shell.Target.TargetOptions.Default, TestContext.Current.CancellationToken);
        var result = await CliProcess.RunAsync([.. Small, "--http", new Uri(target.Url).Authority]);

        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.Contains(
            $"hyperscale: the HTTP API cannot listen on {new Uri(target.Url).Authority}: it is in use",
            result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_refuses_the_configuration_of_another_role()
    {
        var file = Path.Combine(Examples.Directory, "cluster", "worker-1.json");
        var result = await CliProcess.RunAsync("gate", "--config", file);

        Assert.Equal(
            (2, $"hyperscale: {file}: $.role: is 'worker'; this command runs a gate\n"),
            (result.Code, result.Error));
    }

    private static string GateOf(CliProcess dev) => dev.Lines
        .First(line => line.StartsWith("dev: gate at ", StringComparison.Ordinal))["dev: gate at ".Length..];
}
