using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Shell.Transport;

/// <summary>A datagram: the checksum of all that follows, then who sent it and the message, as
/// fields.</summary>
/// <remarks>No hello precedes it, so each names its cluster, its sender and the sender's boot.</remarks>
internal static class DatagramFormat
{
    private const int ClusterIdMax = 64;
    private const int ChecksumBytes = sizeof(uint);

    private enum Field { Cluster = 1, Sender, Boot, Message }

    public static byte[] Write(string cluster, NodeId sender, BootId boot, Message message)
    {
        var payload = new FieldWriter();
        MessageCodec.Encode(message, payload);
        var writer = new FieldWriter();
        writer.Text((int)Field.Cluster, cluster);
        writer.Text((int)Field.Sender, sender.Name);
        writer.Bits((int)Field.Boot, boot.Value);
        writer.Bytes((int)Field.Message, payload.Written);
        var datagram = new byte[ChecksumBytes + writer.Length];
        writer.Written.CopyTo(datagram.AsSpan(ChecksumBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(datagram, Crc32C.Of(writer.Written));
        return datagram;
    }

    /// <summary>Reads a datagram that anyone may have sent; false, and why, when it is not one for
    /// <paramref name="cluster"/>.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> datagram,
        string cluster,
        out NodeId sender,
        [NotNullWhen(true)] out Message? message,
        out string fault)
    {
        sender = default;
        message = null;
        if (datagram.Length < ChecksumBytes) return Fail($"it has {datagram.Length} bytes", out fault);
        var fields = datagram[ChecksumBytes..];
        if (Crc32C.Of(fields) != BinaryPrimitives.ReadUInt32LittleEndian(datagram))
            return Fail("its checksum does not match", out fault);
        var reader = new FieldReader(fields);
        string from = "", of = "";
        ReadOnlySpan<byte> payload = default;
        while (reader.Next(out var field))
        {
            if (field == (int)Field.Cluster) of = reader.Text("cluster", ClusterIdMax);
            else if (field == (int)Field.Sender) from = reader.Text("sender", NodeId.LengthMax);
            else if (field == (int)Field.Message) payload = reader.Bytes("message", Frame.DatagramBytesMax);
        }

        if (reader.Fault is { } broken) return Fail(broken, out fault);
        if (of != cluster) return Fail($"it is of cluster '{of}'; this is '{cluster}'", out fault);
        if (!NodeId.IsValid(from)) return Fail($"its sender '{from}' is no node name", out fault);
        sender = NodeId.Of(from);
        return MessageCodec.TryDecode(payload, out message, out fault);
    }

    private static bool Fail(string why, out string fault)
    {
        fault = why;
        return false;
    }
}
