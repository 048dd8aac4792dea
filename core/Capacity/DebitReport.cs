using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Capacity;

/// <summary>Cores that one gate has dispatched to a manager between two of its heartbeats.</summary>
/// <param name="View">Of the manager's newest heartbeat at the time of the dispatch, as are
/// <paramref name="Incarnation"/> and <paramref name="Version"/>.</param>
public readonly record struct DebitShare(
    DatacenterName Datacenter, NodeId Manager, long View, long Incarnation, long Version, long Cores);

/// <summary>All debits of one gate that no heartbeat shows; a later one replaces an earlier one, so that
/// hearing them twice or out of order does no harm.</summary>
/// <param name="Incarnation">Rises with every start of the gate.</param>
/// <param name="Revision">Rises with every change within one start.</param>
public sealed record DebitReport(
    NodeId Gate, long Incarnation, long Revision, IReadOnlyList<DebitShare> Shares)
{
    public static void Write(FieldWriter writer, DebitReport report)
    {
        writer.Text(1, report.Gate.Name);
        writer.Number(2, report.Incarnation);
        writer.Number(3, report.Revision);
        foreach (var share in report.Shares) writer.Nested(4, share, Write);
    }

    public static DebitReport? Read(ref FieldReader reader)
    {
        NodeId gate = default;
        long incarnation = 0, revision = 0;
        var shares = new List<DebitShare>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: gate = reader.Node("gate"); break;
                case 2: incarnation = reader.Number("incarnation", 0); break;
                case 3: revision = reader.Number("revision", 0); break;
                case 4: reader.Element("shares", shares, CapacityLimits.SharesMax, ReadShare); break;
                default: break;
            }
        }

        reader.Require(1, "gate");
        reader.Require(2, "incarnation");
        reader.Require(3, "revision");
        return reader.Fault is null ? new DebitReport(gate, incarnation, revision, shares) : null;
    }

    private static void Write(FieldWriter writer, DebitShare share)
    {
        writer.Text(1, share.Datacenter.Text);
        writer.Text(2, share.Manager.Name);
        writer.Number(3, share.View);
        writer.Number(4, share.Incarnation);
        writer.Number(5, share.Version);
        writer.Number(6, share.Cores);
    }

    private static DebitShare ReadShare(ref FieldReader reader)
    {
        var datacenter = "";
        NodeId manager = default;
        long view = 0, incarnation = 0, version = 0, cores = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: datacenter = reader.Text("datacenter", CapacityLimits.NameLengthMax); break;
                case 2: manager = reader.Node("manager"); break;
                case 3: view = reader.Number("view", 0); break;
                case 4: incarnation = reader.Number("incarnation", 0); break;
                case 5: version = reader.Number("version", 0); break;
                case 6: cores = reader.Number("cores", 1, CapacityLimits.CoresMax); break;
                default: break;
            }
        }

        reader.Require(1, "datacenter");
        reader.Require(2, "manager");
        reader.Require(3, "view");
        reader.Require(4, "incarnation");
        reader.Require(5, "version");
        reader.Require(6, "cores");
        return new DebitShare(DatacenterName.Of(datacenter), manager, view, incarnation, version, cores);
    }
}
