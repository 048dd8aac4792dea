using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Disk;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Tests.Exploration;
using CoyoteRandom = Microsoft.Coyote.Random.Generator;

namespace Hyperscale.Det.Tests.CoyoteShell;

/// <summary>A host that is stopped, or whose disk fails, while clients ask: every client is answered, what
/// was promised is on disk, and nothing happens after the end.</summary>
public sealed class NodeHostTests
{
    private const int Clients = 3;

    [Fact]
    public void A_stop_in_the_middle_of_requests_loses_no_promise() =>
        Scenario.Of(() => Stop(new LogDirectory(), Patient)).HoldsAlways();

    [Fact]
    public void A_disk_that_fails_in_the_middle_of_requests_loses_no_promise() =>
        Scenario.Of(FailingDisk).HoldsAlways();

    [Fact]
    public void Writing_on_after_the_end_is_found_and_replayed() =>
        Assert.Contains(
            "after the directory was closed",
            Scenario.Of(() => Stop(new LogDirectory(), Impatient)).BreaksAndReplays(),
            StringComparison.Ordinal);

    private static INodeLog Patient(WalWriter writer, Task writing, LogDirectory directory) =>
        new WriterLog(writer, writing, directory);

    private static INodeLog Impatient(WalWriter writer, Task writing, LogDirectory directory) =>
        new ImpatientLog(writer, writing, directory);

    private static Task FailingDisk()
    {
        var directory = new LogDirectory { FailsAfter = CoyoteRandom.Create().NextInteger(6) };
        return Stop(directory, Patient);
    }

    private static async Task Stop(
        LogDirectory directory, Func<WalWriter, Task, LogDirectory, INodeLog> log)
    {
        var parts = new HostParts(directory, log);
        var host = parts.Start();
        var clients = Enumerable.Range(1, Clients)
            .Select(op => Task.Run(() => Ask(host, directory, op)))
            .ToArray();
        var clock = Task.Run(parts.Clock.FireAll);

        await host.StopAsync();
        await clock;
        foreach (var client in clients) await client;
        await parts.Writing;

        Assert.False(host.IsServing);
        Assert.True(directory.IsClosed);
        Assert.True(directory.Violation is null, directory.Violation);
        Assert.Equal(directory.HasFailed, host.Completion.IsFaulted);
        Assert.Equal(!directory.HasFailed, host.Completion.IsCompletedSuccessfully);
    }

    private static async Task Ask(NodeHost host, LogDirectory directory, int op)
    {
        var answer = await host.AskAsync(
            new ClientRequest.CancelJob(new JobId(0, op)), CancellationToken.None);
        if (answer is not ClientResponse.Accepted accepted) return;
        Assert.Equal(op, accepted.Job.Op);
        Assert.Contains(directory.SurvivingRecords(), record => record.Payload.Span[0] == op);
    }
}
