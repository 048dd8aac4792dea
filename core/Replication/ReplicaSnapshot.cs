using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>The snapshot of a node's log: every group's replica with its state.</summary>
public static class ReplicaSnapshot
{
    public static void WriteGroup(
        FieldWriter writer,
        int group,
        VsrSnapshotHead head,
        ReadOnlySpan<byte> state,
        IReadOnlyList<VsrEntry> tail)
    {
        var mark = writer.Begin(1);
        writer.Number(1, group);
        var inner = writer.Begin(2);
        VsrRecordFields.WriteSnapshot(writer, head, state, tail);
        writer.End(inner);
        writer.End(mark);
    }

    /// <summary>Reads what each group's replica had on disk; null when the bytes hold no snapshot.</summary>
    public static SortedDictionary<int, VsrDurable>? Decode(ReadOnlySpan<byte> snapshot)
    {
        var durables = new SortedDictionary<int, VsrDurable>();
        var reader = new FieldReader(snapshot);
        while (reader.Next(out var field))
        {
            if (field != 1) continue;
            var inner = reader.Enter("group");
            var group = -1;
            VsrDurable? durable = null;
            while (inner.Next(out var innerField))
            {
                switch (innerField)
                {
                    case 1: group = inner.Integer("group", 0); break;
                    case 2: durable = inner.Nested("replica", VsrRecordFields.ReadSnapshot); break;
                    default: break;
                }
            }

            inner.Require(1, "group");
            inner.Require(2, "replica");
            reader.Leave(inner, "group");
            if (reader.Fault is null) durables[group] = durable!;
        }

        return reader.Fault is null ? durables : null;
    }
}
