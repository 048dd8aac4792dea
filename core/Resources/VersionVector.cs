using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Resources;

/// <summary>How two version vectors stand to each other.</summary>
public enum VectorOrder : byte
{
    Equal,

    /// <summary>The other one knows all of this one, and more.</summary>
    Before,

    /// <summary>This one knows all of the other, and more.</summary>
    After,

    /// <summary>Each knows something that the other does not.</summary>
    Concurrent,
}

/// <summary>The newest version that somebody has of each node's state.</summary>
/// <param name="Entries">By node, each once; at most <see cref="EntriesMax"/>.</param>
public sealed record VersionVector(IReadOnlyList<(NodeId Node, StateVersion Version)> Entries)
{
    public const int EntriesMax = 256;

    public static readonly VersionVector Empty = new([]);

    /// <summary>A node that is not in a vector is there in no version at all.</summary>
    public VectorOrder CompareTo(VersionVector other)
    {
        var (isOlder, isNewer) = (false, false);
        foreach (var (_, mine, theirs) in Both(this, other))
        {
            var order = mine is null ? -1 : theirs is null ? 1 : mine.Value.CompareTo(theirs.Value);
            isOlder |= order < 0;
            isNewer |= order > 0;
        }

        if (isOlder && isNewer) return VectorOrder.Concurrent;
        if (isOlder) return VectorOrder.Before;
        return isNewer ? VectorOrder.After : VectorOrder.Equal;
    }

    /// <summary>The newer version of each node that is in either.</summary>
    public VersionVector Union(VersionVector other) => new(
    [
        .. Both(this, other).Select(entry => (
            entry.Node,
            entry.Mine is { } mine && (entry.Theirs is not { } theirs || mine >= theirs)
                ? mine
                : entry.Theirs!.Value)).Take(EntriesMax),
    ]);

    public static void Write(FieldWriter writer, VersionVector vector)
    {
        foreach (var entry in vector.Entries.Take(EntriesMax)) writer.Nested(1, entry, Write);
    }

    public static VersionVector? Read(ref FieldReader reader)
    {
        var entries = new List<(NodeId Node, StateVersion Version)>();
        while (reader.Next(out var field))
            if (field == 1) reader.Element("entries", entries, EntriesMax, ReadEntry);
        for (var i = 1; i < entries.Count; i++)
        {
            if (entries[i - 1].Node < entries[i].Node) continue;
            reader.Fail($"entries[{i}] is out of order");
            break;
        }

        return reader.Fault is null ? new VersionVector(entries) : null;
    }

    private static IEnumerable<(NodeId Node, StateVersion? Mine, StateVersion? Theirs)> Both(
        VersionVector a, VersionVector b)
    {
        var (i, j) = (0, 0);
        while (i < a.Entries.Count || j < b.Entries.Count)
        {
            var order = i == a.Entries.Count ? 1
                : j == b.Entries.Count ? -1
                : a.Entries[i].Node.CompareTo(b.Entries[j].Node);
            var node = order <= 0 ? a.Entries[i].Node : b.Entries[j].Node;
            StateVersion? mine = order <= 0 ? a.Entries[i++].Version : null;
            StateVersion? theirs = order >= 0 ? b.Entries[j++].Version : null;
            yield return (node, mine, theirs);
        }
    }

    private static void Write(FieldWriter writer, (NodeId Node, StateVersion Version) entry)
    {
        writer.Text(1, entry.Node.Name);
        writer.Nested(2, entry.Version, ResourceFields.Write);
    }

    private static (NodeId Node, StateVersion Version) ReadEntry(ref FieldReader reader)
    {
        NodeId node = default;
        StateVersion version = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: node = reader.Node("node"); break;
                case 2: version = reader.Nested("version", ResourceFields.ReadVersion); break;
                default: break;
            }
        }

        reader.Require(1, "node");
        reader.Require(2, "version");
        return (node, version);
    }
}
