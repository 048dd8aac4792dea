using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
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
    }

    private static Message.ManagerHeartbeat? ReadManagerHeartbeat(ref FieldReader reader)
    {
        var datacenter = "";
        BootId boot = default;
        var version = 0L;
        var isPrimary = false;
        var view = 0L;
        int workers = 0, total = 0, free = 0, largest = 0, queued = 0;
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
                default: break;
            }
        }

        reader.Require(1, "datacenter");
        reader.Require(2, "boot");
        reader.Require(3, "version");
        reader.Require(4, "isPrimary");
        reader.Require(5, "workers");
        reader.Require(6, "coresTotal");
        reader.Require(7, "coresFree");
        reader.Require(8, "largestWorkerCores");
        reader.Require(9, "queuedWorkflows");
        reader.Require(10, "view");
        return reader.Fault is null
            ? new Message.ManagerHeartbeat(
                datacenter, boot, version, isPrimary, view, workers, total, free, largest, queued)
            : null;
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
    }

    private static Message.WorkerHeartbeat? ReadWorkerHeartbeat(ref FieldReader reader)
    {
        BootId boot = default;
        var sequence = 0L;
        var cores = 0;
        var attempts = new List<AttemptInventory>();
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
                default: break;
            }
        }

        reader.Require(1, "boot");
        reader.Require(2, "sequence");
        reader.Require(3, "cores");
        return reader.Fault is null ? new Message.WorkerHeartbeat(boot, sequence, cores, attempts) : null;
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
