using CsCheck;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Tests.Core.Wire;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Capacity;

public sealed class HeartbeatCapacityTests
{
    [Fact]
    public void What_runs_and_waits_is_added_up()
    {
        var capacity = HeartbeatCapacity.Of(
            10,
            [CapacityGens.Work(4, 90, 30), CapacityGens.Work(4, 20, 0)],
            [new PendingWorkflow(8, Duration.FromMilliseconds(1500))],
            Instant.Zero);

        Assert.Equal(1, capacity.PendingWorkflowCount);
        Assert.Equal((2, 12), (capacity.PendingDurationSeconds, capacity.PendingCoreSeconds));
        Assert.Equal(80, capacity.ActiveRemainingSeconds);
        Assert.Equal(Duration.FromMilliseconds(61_500), capacity.EstimatedCoresFreeAt);
        Assert.Equal((8, 2), (capacity.EstimatedCoresFreeing, capacity.Freeing.FreeNow));
    }

    [Fact]
    public void Every_report_comes_back() => CapacityGens.Heartbeat.Sample(capacity =>
    {
        Assert.Null(Read(Bytes(capacity), out var content));
        Assert.Equal(Content.Of(capacity), content);
    });

    [Fact]
    public void Fields_of_a_later_version_are_skipped() => CapacityGens.Heartbeat.Sample(
        capacity => Evolution.UnknownFieldsAreSkipped(Bytes(capacity), Read), iter: 200);

    [Fact]
    public void What_must_be_there_is_named() => CapacityGens.Heartbeat.Sample(
        capacity =>
        {
            for (var field = 1; field <= 6; field++)
            {
                Assert.EndsWith(
                    " is missing", Read(RawFields.Without(Bytes(capacity), field), out _),
                    StringComparison.Ordinal);
            }
        },
        iter: 50);

    [Fact]
    public void Any_bytes_are_judged() => Gen.Byte.Array[0, 200].Sample(bytes => { Read(bytes, out _); });

    [Theory]
    [InlineData(33, 1, 1, "freeing has more than 32 elements")]
    [InlineData(2, 0, 1, "freeing[1] is not later")]
    [InlineData(1, 1, 0, "freeing[0]: cores is 0; 1 to 67108864 is allowed")]
    [InlineData(2, 1, CapacityLimits.CoresMax, "freeing has 134217728 cores")]
    public void A_schedule_that_is_none_is_refused(int steps, int apart, int cores, string fault)
    {
        var writer = new FieldWriter();
        HeartbeatCapacity.Write(writer, HeartbeatCapacity.None);
        for (var i = 0; i < steps; i++)
        {
            var offset = Duration.FromMilliseconds(i * apart);
            writer.Nested(7, new FreeingStep(offset, cores), FreeingSchedule.Write);
        }

        Assert.Equal(fault, Read(writer.Written, out _));
    }

    private static byte[] Bytes(HeartbeatCapacity capacity)
    {
        var writer = new FieldWriter();
        HeartbeatCapacity.Write(writer, capacity);
        return writer.ToArray();
    }

    private static string? Read(ReadOnlySpan<byte> bytes, out string content)
    {
        var reader = new FieldReader(bytes);
        var capacity = HeartbeatCapacity.Read(ref reader);
        Assert.Equal(capacity is null, reader.Fault is not null);
        content = Content.Of(capacity);
        return reader.Fault;
    }
}
