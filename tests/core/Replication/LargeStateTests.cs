using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Tests.Core.Durability;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>A state that fits no record of the log reaches a node that lost its disk, and counts only once
/// all of it is there.</summary>
public sealed class LargeStateTests
{
    private const int StateBytes = 100 * 1024 * 1024;

    [Fact]
    public void A_state_of_100_MB_is_transferred_and_kept()
    {
        var trio = new ReplicaTrio(Content(StateBytes));
        trio.LoseDisk(2);
        trio.Settle();

        Assert.Equal(StateBytes, trio.Nodes[2].State.Length);
        Assert.All(trio.Nodes[2].Records, record => Assert.True(record.Length < WalOptions.RecordBytesMax));
        trio.Restart(2, trio.Nodes[2].Records.Count);
        trio.Settle();
        Assert.True(trio.Nodes[2].State.Span.SequenceEqual(trio.Nodes[0].State.Span));
        Assert.Equal(VsrStatus.Normal, trio.Nodes[2].Replica.Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_crash_in_the_middle_of_it_leaves_the_disk_as_lost_as_it_was(int last)
    {
        const int small = RecordPiece.WholeBytesMax + 1;
        var trio = new ReplicaTrio(Content(small));
        trio.LoseDisk(2);
        trio.Settle();
        var first = trio.Nodes[2].Records.FindIndex(record => RecordPiece.IsPiece(record.Span));
        Assert.Equal(3, trio.Nodes[2].Records.Count(record => RecordPiece.IsPiece(record.Span)));

        trio.Restart(2, first + last);
        Assert.Equal(VsrStatus.LostDisk, trio.Nodes[2].Replica.Status);
        Assert.True(trio.Nodes[2].State.IsEmpty);
        trio.Settle();
        trio.Restart(2, trio.Nodes[2].Records.Count);
        Assert.Equal(small, trio.Nodes[2].State.Length);
    }

    [Fact]
    public void Pieces_out_of_order_or_without_their_beginning_are_no_log()
    {
        var pieces = RecordPiece.Split(Content(RecordPiece.WholeBytesMax + 1));
        Assert.False(new RecordReader().TryTake(pieces[1].Span, out _));
        var reader = new RecordReader();
        Assert.True(reader.TryTake(pieces[0].Span, out _));
        Assert.False(reader.TryTake(pieces[2].Span, out _));
    }

    [Fact]
    public void A_record_that_just_fits_is_not_taken_apart_and_a_larger_one_is_whole_again()
    {
        Assert.Single(RecordPiece.Split(Content(RecordPiece.WholeBytesMax)));
        var entry = VsrEntry.After(LogPosition.Start, 1, new WallTime(1), Content(VsrFields.CommandBytesMax));
        var installed = new VsrRecord.LogInstalled(
            1, LogPosition.Start, new WallTime(0), Content(RecordPiece.WholeBytesMax), [entry], 1);
        var writer = new Hyperscale.Det.Wire.FieldWriter();
        GroupRecord.Write(writer, new GroupRecord(7, installed));
        var reader = new RecordReader();
        GroupRecord? read = null;
        foreach (var piece in RecordPiece.Split(writer.ToArray()))
        {
            Assert.Null(read);
            Assert.True(reader.TryTake(piece.Span, out read));
        }

        var back = Assert.IsType<VsrRecord.LogInstalled>(read!.Record);
        Assert.Equal((7, entry.Hash), (read.Group, back.Tail[0].Hash));
        Assert.True(back.State!.Value.Span.SequenceEqual(installed.State!.Value.Span));
    }

    [Fact]
    public void The_log_of_a_node_takes_all_of_it()
    {
        var history = new LogHistory();
        history.Do(history.PlanOpen());
        var pieces = RecordPiece.Split(Content(RecordPiece.WholeBytesMax + 1));
        history.Do(history.PlanAppend([.. pieces.Select(p => new WalRecord(WalRecordKind.LogEntry, p))]));
        history.Do(history.PlanOpen());
        Assert.Equal(3, history.Log.LastLsn);
    }

    [Fact]
    public void A_large_state_makes_a_snapshot_due_though_few_records_were_appended()
    {
        var trio = new ReplicaTrio(Content(StateBytes));
        Assert.False(trio.Nodes[2].Replicas.IsSnapshotDue(10_000));
        trio.LoseDisk(2);
        trio.Settle();
        Assert.True(trio.Nodes[2].Replicas.IsSnapshotDue(10_000));
    }

    private static byte[] Content(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i += 997) bytes[i] = unchecked((byte)(i / 997));
        return bytes;
    }
}
