using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Replication;

/// <summary>One entry of a ledger group's log.</summary>
/// <param name="Op">Dense from 1 in its group.</param>
/// <param name="View">The primary's view when it made the entry; never falls within a group.</param>
/// <param name="Stamp">The primary's wall time; never falls within a group. Replicas read no clock of their
/// own.</param>
public sealed record LogEntry(int Group, long Op, long View, WallTime Stamp, ReadOnlyMemory<byte> Command)
{
    private const int CommandBytesMax = 15 * 1024 * 1024;

    public byte[] Encode()
    {
        var writer = new FieldWriter();
        writer.Number(1, Group);
        writer.Number(2, Op);
        writer.Number(3, View);
        writer.Number(4, Stamp.UnixMilliseconds);
        writer.Bytes(5, Command.Span);
        return writer.ToArray();
    }

    /// <summary>Reads an entry; null, with the fault, when the bytes hold none.</summary>
    public static LogEntry? Decode(ReadOnlySpan<byte> bytes, out string fault)
    {
        var reader = new FieldReader(bytes);
        int group = -1;
        long op = 0, view = 0, stamp = 0;
        byte[]? command = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: group = reader.Integer("group", 0); break;
                case 2: op = reader.Number("op", 1); break;
                case 3: view = reader.Number("view", 1); break;
                case 4: stamp = reader.Number("stamp"); break;
                case 5: command = reader.Bytes("command", CommandBytesMax).ToArray(); break;
                default: break;
            }
        }

        reader.Require(group >= 0, "group");
        reader.Require(op > 0, "op");
        reader.Require(view > 0, "view");
        reader.Require(command is not null, "command");
        fault = reader.Fault ?? "";
        return reader.Fault is null ? new LogEntry(group, op, view, new WallTime(stamp), command) : null;
    }
}
