using System.Diagnostics.CodeAnalysis;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

/// <summary>What a process is in its cluster.</summary>
public enum NodeRole : byte { Gate, Manager, Worker, Client }

/// <summary>Version of the protocol (AD-25). Nodes of one major version speak with each other: a higher minor
/// version only adds fields and kinds that a lower one does not need.</summary>
public readonly record struct ProtocolVersion(int Major, int Minor)
{
    public static readonly ProtocolVersion Current = new(1, 0);

    public bool SpeaksWith(ProtocolVersion other) => Major == other.Major;

    public override string ToString() => $"{Major}.{Minor}";
}

/// <summary>The first frame of each direction of a connection: who is there.</summary>
/// <param name="Datacenter">Of a manager or worker; empty for a gate or client.</param>
/// <param name="Boot">This life of the node's process.</param>
public sealed record Hello(
    ProtocolVersion Version, string ClusterId, NodeRole Role, string Datacenter, NodeId Node, BootId Boot)
{
    /// <summary>Longest encoded hello.</summary>
    public const int BytesMax = 1024;

    public const int ClusterIdLengthMax = 64;

    private const int VersionMax = 1_000_000;

    // "HS", so that another protocol with frames like ours is told apart.
    private const int Magic = 0x4853;

    public byte[] Encode()
    {
        var writer = new FieldWriter();
        writer.Packed(Magic);
        writer.Number(1, Version.Major);
        writer.Number(2, Version.Minor);
        writer.Text(3, ClusterId);
        writer.Number(4, (long)Role);
        writer.Text(5, Datacenter);
        writer.Text(6, Node.Name);
        writer.Bits(7, Boot.Value);
        return writer.ToArray();
    }

    /// <summary>Reads a hello; false, with one sentence, when it is none that this build can read.</summary>
    public static bool TryDecode(
        ReadOnlySpan<byte> payload, [NotNullWhen(true)] out Hello? hello, out string fault)
    {
        hello = null;
        var reader = new FieldReader(payload);
        if (reader.Leading("magic") != Magic)
        {
            fault = "the first frame is no hello; only nodes of a cluster may connect here";
            return false;
        }

        hello = Read(ref reader, out var version);
        // What a hello of another major version means beyond its version is not known here.
        var isForeign = version.Major > 0 && !version.SpeaksWith(ProtocolVersion.Current);
        fault = isForeign ? Foreign(version) : reader.Fault is { } wrong ? $"malformed hello: {wrong}" : "";
        if (fault != "") hello = null;
        return hello is not null;
    }

    private static Hello? Read(ref FieldReader reader, out ProtocolVersion version)
    {
        int major = 0, minor = 0;
        string cluster = "", datacenter = "", node = "";
        var role = NodeRole.Client;
        BootId boot = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: major = reader.Integer("major version", 1, VersionMax); break;
                case 2: minor = reader.Integer("minor version", 0, VersionMax); break;
                case 3: cluster = reader.Text("cluster id", ClusterIdLengthMax); break;
                case 4: role = reader.Choice("role", NodeRole.Client); break;
                case 5: datacenter = reader.Text("datacenter", JobLimits.NameLengthMax); break;
                case 6: node = reader.Text("node id", NodeId.LengthMax); break;
                case 7: boot = new BootId(reader.Bits("boot id")); break;
                default: break;
            }
        }

        version = new ProtocolVersion(major, minor);
        reader.Require(1, "major version");
        reader.Require(2, "minor version");
        reader.Require(3, "cluster id");
        reader.Require(4, "role");
        reader.Require(5, "datacenter");
        reader.Require(6, "node id");
        reader.Require(7, "boot id");
        if (!NodeId.IsValid(node))
            reader.Fail($"'{node}' is no node id: 1 to {NodeId.LengthMax} characters of a-z 0-9 - _ . / are");
        return reader.Fault is null
            ? new Hello(version, cluster, role, datacenter, NodeId.Of(node), boot)
            : null;
    }

    private static string Foreign(ProtocolVersion version) =>
        $"the peer speaks protocol {version}; {ProtocolVersion.Current.Major}.x is allowed";
}
