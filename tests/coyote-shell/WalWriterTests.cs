using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Disk;
using Hyperscale.Det.Tests.Exploration;
using CoyoteRandom = Microsoft.Coyote.Random.Generator;

namespace Hyperscale.Det.Tests.CoyoteShell;

/// <summary>Group commit: what is announced as durable survives a crash at any moment after.</summary>
public sealed class WalWriterTests
{
    private const int Batches = 3;
    private const int BatchRecords = 2;

    [Fact]
    public void What_is_announced_survives_a_crash() =>
        Scenario.Of(() => Commit(announceAppended: false)).HoldsAlways();

    [Fact]
    public void An_announcement_of_records_still_being_appended_is_found_and_replayed() =>
        Assert.Contains(
            "announced and lost",
            Scenario.Of(() => Commit(announceAppended: true)).BreaksAndReplays(),
            StringComparison.Ordinal);

    [Fact]
    public void A_failed_disk_is_reported_once_and_ends_the_announcements() =>
        Scenario.Of(FailSomewhere).HoldsAlways();

    [Fact]
    public void An_idle_log_is_sealed_and_goes_on() =>
        Scenario.Of(() => Commit(announceAppended: false, sealAfter: Duration.FromMilliseconds(20)))
            .HoldsAlways();

    /// <param name="announceAppended">The planted bug: announces what was appended by now, not what the batch
    /// on disk held.</param>
    private static async Task Commit(bool announceAppended, Duration sealAfter = default)
    {
        var directory = new LogDirectory();
        var appended = 0L;
        var durable = 0L;
        Exception? failure = null;
        var writer = new WalWriter(
            directory.Log,
            directory,
            sealAfter,
            lsn =>
            {
                Assert.True(lsn > durable, "durable LSNs ascend");
                durable = announceAppended ? Interlocked.Read(ref appended) : lsn;
                AssertSurvives(directory, durable);
            },
            _ => { },
            e => failure = e);
        var writing = Task.Run(writer.Run);

        await Task.Run(() => Append(writer, ref appended));
        writer.Stop();
        await writing;

        Assert.True(failure is null, failure?.ToString());
        Assert.Equal(Batches * BatchRecords, durable);
        Assert.Equal(0, writer.Pending);
        AssertSurvives(directory, durable);
    }

    private static async Task FailSomewhere()
    {
        var directory = new LogDirectory { FailsAfter = CoyoteRandom.Create().NextInteger(8) };
        var appended = 0L;
        var durable = 0L;
        var failures = 0;
        var writer = new WalWriter(
            directory.Log,
            directory,
            Duration.Zero,
            lsn =>
            {
                Assert.Equal(0, failures);
                durable = lsn;
            },
            _ => { },
            _ => failures++);
        var writing = Task.Run(writer.Run);

        await Task.Run(() => Append(writer, ref appended));
        writer.Stop();
        await writing;

        // With few and large batches the command that would fail may never come.
        Assert.Equal(directory.HasFailed ? 1 : 0, failures);
        Assert.True(directory.HasFailed || durable == Batches * BatchRecords);
        Assert.Null(directory.Violation);
        AssertSurvives(directory, durable);
    }

    private static void Append(WalWriter writer, ref long appended)
    {
        for (var batch = 0; batch < Batches; batch++)
        {
            for (var i = 0; i < BatchRecords; i++)
            {
                var lsn = Interlocked.Increment(ref appended);
                writer.Append(new WalRecord(WalRecordKind.LogEntry, new[] { (byte)lsn }));
            }

            writer.Flush();
        }
    }

    private static void AssertSurvives(LogDirectory directory, long durable)
    {
        var survivors = directory.SurvivingRecords();
        Assert.True(survivors.Count >= durable, $"record {survivors.Count + 1} was announced and lost");
        for (var i = 0; i < survivors.Count; i++) Assert.Equal(i + 1, survivors[i].Payload.Span[0]);
    }
}
