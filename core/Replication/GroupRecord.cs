using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>One record of a node's log: a change of one group's replica.</summary>
public sealed record GroupRecord(int Group, VsrRecord Record)
{
    public static void Write(FieldWriter writer, GroupRecord record)
    {
        writer.Number(1, record.Group);
        writer.Nested(2, record.Record, VsrRecordFields.Write);
    }

    /// <summary>Reads a record; null when the bytes hold none.</summary>
    public static GroupRecord? Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new FieldReader(bytes);
        var group = 0;
        VsrRecord? record = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: group = reader.Integer("group", 0); break;
                case 2: record = reader.Nested("record", VsrRecordFields.ReadRecord); break;
                default: break;
            }
        }

        reader.Require(1, "group");
        reader.Require(2, "record");
        return reader.Fault is null && record is not null ? new GroupRecord(group, record) : null;
    }
}
