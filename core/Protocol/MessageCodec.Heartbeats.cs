using System.Collections.Immutable;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static readonly ImmutableArray<string> HeartbeatFields =
    [
        "datacenter", "boot", "version", "isPrimary", "workers", "coresTotal", "coresFree",
        "largestWorkerCores", "queuedWorkflows", "view",
    ];

    private static void Write(FieldWriter writer, Message.ManagerHeartbeat heartbeat)
    {
        writer.Text(1, heartbeat.Datacenter);
        writer.Bits(2, heartbeat.Boot.Value);
        writer.Number(3, heartbeat.Version);
        writer.Flag(4, heartbeat.IsPrimary);
        writer.Number(5, heartbeat.Workers);
        writer.Number(6, heartbeat.CoresTotal);
        writer.Number(7, heartbeat.CoresFree);
        writer.Number(8, heartbeat.LargestWorkerCores);
        writer.Number(9, heartbeat.QueuedWorkflows);
        writer.Number(10, heartbeat.View);
        if (heartbeat.Capacity is { } capacity) writer.Nested(11, capacity, HeartbeatCapacity.Write);
        if (heartbeat.Coordinate is { } place) writer.Nested(12, place, NetworkCoordinate.Write);
        if (heartbeat.Rtt is { } rtt) WriteDuration(writer, 13, rtt);
        if (heartbeat.Resources is { } resources) writer.Nested(14, resources, ClusterResources.Write);
        if (heartbeat.Slo is { } slo) writer.Nested(15, slo, DatacenterSlo.Write);
    }

    private static Message.ManagerHeartbeat? ReadManagerHeartbeat(ref FieldReader reader)
    {
        var datacenter = "";
        BootId boot = default;
        var version = 0L;
        var isPrimary = false;
        var view = 0L;
        int workers = 0, total = 0, free = 0, largest = 0, queued = 0;
        HeartbeatCapacity? capacity = null;
        NetworkCoordinate? place = null;
        Duration? rtt = null;
        ClusterResources? resources = null;
        DatacenterSlo? slo = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: datacenter = reader.Text("datacenter", JobLimits.NameLengthMax); break;
                case 2: boot = new BootId(reader.Bits("boot")); break;
                case 3: version = reader.Number("version", 0); break;
                case 4: isPrimary = reader.Flag("isPrimary"); break;
                case 5: workers = reader.Integer("workers", 0, ProtocolLimits.WorkersMax); break;
                case 6: total = ReadCores(ref reader, "coresTotal"); break;
                case 7: free = ReadCores(ref reader, "coresFree"); break;
                case 8: largest = ReadCores(ref reader, "largestWorkerCores"); break;
                case 9: queued = ReadCores(ref reader, "queuedWorkflows"); break;
                case 10: view = reader.Number("view", 0); break;
                case 11: capacity = reader.Nested("capacity", HeartbeatCapacity.Read); break;
                case 12: place = reader.Nested("coordinate", NetworkCoordinate.Read); break;
                case 13: rtt = ReadDuration(ref reader, "rtt"); break;
                case 14: resources = reader.Nested("resources", ClusterResources.Read); break;
                case 15: slo = reader.Nested("slo", DatacenterSlo.Read); break;
                default: break;
            }
        }

        for (var field = 1; field <= HeartbeatFields.Length; field++)
            reader.Require(field, HeartbeatFields[field - 1]);
        return reader.Fault is null
            ? new Message.ManagerHeartbeat(
                datacenter, boot, version, isPrimary, view, workers, total, free, largest, queued)
            {
                Capacity = capacity,
                Slo = slo,
                Coordinate = place,
                Rtt = rtt,
                Resources = resources,
            }
            : null;
    }

    private static void Write(FieldWriter writer, Message.HeartbeatEchoed echoed)
    {
        writer.Bits(1, echoed.Boot.Value);
        writer.Number(2, echoed.Version);
        writer.Nested(3, echoed.Coordinate, NetworkCoordinate.Write);
        if (echoed.Slo is { } slo) writer.Nested(4, slo, SloStanding.Write);
    }

    private static Message.HeartbeatEchoed? ReadHeartbeatEchoed(ref FieldReader reader)
    {
        BootId boot = default;
        var version = 0L;
        NetworkCoordinate? place = null;
        SloStanding? slo = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: boot = new BootId(reader.Bits("boot")); break;
                case 2: version = reader.Number("version", 0); break;
                case 3: place = reader.Nested("coordinate", NetworkCoordinate.Read); break;
                case 4: slo = reader.Nested("slo", SloStanding.Read); break;
                default: break;
            }
        }

        reader.Require(1, "boot");
        reader.Require(2, "version");
        reader.Require(3, "coordinate");
        return reader.Fault is null ? new Message.HeartbeatEchoed(boot, version, place!) { Slo = slo } : null;
    }

    private static void Write(FieldWriter writer, Message.DebitsTold told) =>
        writer.Nested(1, told.Debits, DebitReport.Write);

    private static Message.DebitsTold? ReadDebitsTold(ref FieldReader reader) =>
        ReadSoleField(ref reader, "debits", DebitReport.Read) is { } debits
            ? new Message.DebitsTold(debits)
            : null;

    private static void Write(FieldWriter writer, Message.SloTold told)
    {
        foreach (var datacenter in told.Datacenters) writer.Nested(1, datacenter, SloGossip.Write);
    }

    private static Message.SloTold? ReadSloTold(ref FieldReader reader)
    {
        var datacenters = new List<SloGossip>();
        while (reader.Next(out var field))
        {
            if (field != 1) continue;
            reader.Element("datacenters", datacenters, ProtocolLimits.DatacentersToldMax, SloGossip.Read);
        }

        return reader.Fault is null ? new Message.SloTold(datacenters) : null;
    }

    private static int ReadCores(ref FieldReader reader, string name) =>
        reader.Integer(name, 0, ProtocolLimits.DatacenterCoresMax);

    private static void Write(FieldWriter writer, Message.HeartbeatAnswered answered)
    {
        writer.Number(1, answered.Sequence);
        WriteDuration(writer, 2, answered.LeaseTerm);
        writer.Number(3, answered.Fence);
    }

    private static Message.HeartbeatAnswered? ReadHeartbeatAnswered(ref FieldReader reader)
    {
        var sequence = 0L;
        Duration term = default;
        var fence = 0L;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: sequence = reader.Number("sequence", 0); break;
                case 2: term = ReadDuration(ref reader, "leaseTerm"); break;
                case 3: fence = ReadFence(ref reader); break;
                default: break;
            }
        }

        reader.Require(1, "sequence");
        reader.Require(2, "leaseTerm");
        reader.Require(3, "fence");
        return reader.Fault is null ? new Message.HeartbeatAnswered(sequence, term, fence) : null;
    }

    private static void Write(FieldWriter writer, Message.WorkerHeartbeat heartbeat)
    {
        writer.Bits(1, heartbeat.Boot.Value);
        writer.Number(2, heartbeat.Sequence);
        writer.Number(3, heartbeat.Cores);
        foreach (var known in heartbeat.Attempts) writer.Nested(4, known, Write);
        if (heartbeat.Resources is { } report) writer.Nested(5, report, WorkerResourceReport.Write);
    }

    private static Message.WorkerHeartbeat? ReadWorkerHeartbeat(ref FieldReader reader)
    {
        BootId boot = default;
        var sequence = 0L;
        var cores = 0;
        var attempts = new List<AttemptInventory>();
        WorkerResourceReport? report = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: boot = new BootId(reader.Bits("boot")); break;
                case 2: sequence = reader.Number("sequence", 0); break;
                case 3: cores = reader.Integer("cores", 1, JobLimits.CoresMax); break;
                case 4:
                    reader.Element("attempts", attempts, ProtocolLimits.InventoryMax, ReadInventory);
                    break;
                case 5: report = reader.Nested("resources", WorkerResourceReport.Read); break;
                default: break;
            }
        }

        reader.Require(1, "boot");
        reader.Require(2, "sequence");
        reader.Require(3, "cores");
        return reader.Fault is null
            ? new Message.WorkerHeartbeat(boot, sequence, cores, attempts) { Resources = report }
            : null;
    }

    private static void Write(FieldWriter writer, AttemptInventory known)
    {
        Write(writer, known.Attempt);
        writer.Flag(2, known.IsFinished);
    }

    private static AttemptInventory? ReadInventory(ref FieldReader reader)
    {
        AttemptKey attempt = default;
        var isFinished = false;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: attempt = ReadAttempt(ref reader); break;
                case 2: isFinished = reader.Flag("isFinished"); break;
                default: break;
            }
        }

        reader.Require(1, "attempt");
        reader.Require(2, "isFinished");
        return reader.Fault is null ? new AttemptInventory(attempt, isFinished) : null;
    }
}
