using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Sim;

/// <summary>Records of a node's log.</summary>
internal static class LogRecords
{
    /// <summary>The entry that follows another one of its group, or begins the log.</summary>
    public static VsrEntry After(VsrEntry? last, long view, long stamp, int bytes = 1) => VsrEntry.After(
        last is null ? LogPosition.Start : new LogPosition(last.Op, last.Hash), view, new WallTime(stamp),
        new byte[bytes]);

    public static NodeEffect.Append Append(params VsrEntry[] entries)
    {
        var writer = new FieldWriter();
        GroupRecord.Write(writer, new GroupRecord(0, new VsrRecord.Appended(entries)));
        return new NodeEffect.Append(new WalRecord(WalRecordKind.LogEntry, writer.ToArray()));
    }
}
