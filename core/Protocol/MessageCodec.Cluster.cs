using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, ClientResponse.Cluster cluster)
    {
        foreach (var gate in cluster.Gates) writer.Nested(1, gate, Write);
        foreach (var gate in cluster.Missing) writer.Text(2, gate);
    }

    private static ClientRequest.GetCluster? ReadGetCluster(ref FieldReader reader)
    {
        var localOnly = false;
        while (reader.Next(out var field))
            if (field == 1) localOnly = reader.Flag("localOnly");

        reader.Require(1, "localOnly");
        return reader.Fault is null ? new ClientRequest.GetCluster(localOnly) : null;
    }

    private static ClientResponse.Cluster? ReadCluster(ref FieldReader reader)
    {
        var gates = new List<GateReplicas>();
        var missing = new List<string>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1:
                    reader.Element("gates", gates, ProtocolLimits.GatesMax, ReadGateReplicas);
                    break;
                case 2 when reader.HasRoom("missing", missing.Count, ProtocolLimits.GatesMax):
                    missing.Add(reader.Text("missing", NodeId.LengthMax));
                    break;
                default: break;
            }
        }

        return reader.Fault is null ? new ClientResponse.Cluster(gates, missing) : null;
    }

    private static void Write(FieldWriter writer, GateReplicas gate)
    {
        writer.Text(1, gate.Gate.Name);
        foreach (var group in gate.Groups) writer.Nested(2, group, Write);
    }

    private static GateReplicas? ReadGateReplicas(ref FieldReader reader)
    {
        NodeId gate = default;
        var groups = new List<ReplicaState>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: gate = reader.Node("gate"); break;
                case 2:
                    reader.Element("groups", groups, ProtocolLimits.GroupsMax, ReadReplicaState);
                    break;
                default: break;
            }
        }

        reader.Require(1, "gate");
        return reader.Fault is null ? new GateReplicas(gate, groups) : null;
    }

    private static void Write(FieldWriter writer, ReplicaState state)
    {
        writer.Number(1, state.Group);
        writer.Number(2, (long)state.Status);
        writer.Number(3, state.View);
        writer.Text(4, state.Primary.Name);
        writer.Flag(5, state.IsPrimary);
        writer.Flag(6, state.HasLease);
        writer.Number(7, state.Commit);
        writer.Number(8, state.Op);
        writer.Number(9, state.Life);
    }

    private static ReplicaState? ReadReplicaState(ref FieldReader reader)
    {
        var group = 0;
        var status = VsrStatus.Normal;
        long view = 0, commit = 0, op = 0, life = 1;
        NodeId primary = default;
        bool isPrimary = false, hasLease = false;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: group = reader.Integer("group", 0, ProtocolLimits.GroupsMax - 1); break;
                case 2: status = reader.Choice("status", VsrStatus.LostDisk); break;
                case 3: view = reader.Number("view", 0); break;
                case 4: primary = reader.Node("primary"); break;
                case 5: isPrimary = reader.Flag("isPrimary"); break;
                case 6: hasLease = reader.Flag("hasLease"); break;
                case 7: commit = reader.Number("commit", 0); break;
                case 8: op = reader.Number("op", 0); break;
                case 9: life = reader.Number("life", 1); break;
                default: break;
            }
        }

        for (var field = 1; field <= 9; field++) reader.Require(field, $"field {field} of a replica");
        return reader.Fault is null
            ? new ReplicaState(group, status, view, primary, isPrimary, hasLease, commit, op, life)
            : null;
    }
}
