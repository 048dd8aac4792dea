using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, ClientResponse response)
    {
        switch (response)
        {
            case ClientResponse.Accepted accepted:
                writer.Packed((ulong)ResponseKind.Accepted);
                Write(writer, accepted);
                break;
            case ClientResponse.Routed routed:
                writer.Packed((ulong)ResponseKind.Routed);
                writer.Nested(1, routed.Report, RoutingFields.Write);
                break;
            case ClientResponse.Jobs jobs:
                writer.Packed((ulong)ResponseKind.Jobs);
                foreach (var job in jobs.List.Take(ProtocolLimits.JobsListMax))
                    writer.Nested(1, job, JobFields.Write);
                foreach (var gate in jobs.Missing) writer.Text(2, gate);
                foreach (var group in jobs.Led) writer.Number(3, group);
                break;
            case ClientResponse.Cluster cluster:
                writer.Packed((ulong)ResponseKind.Cluster);
                Write(writer, cluster);
                break;
            case ClientResponse.Status or ClientResponse.CancelAccepted or ClientResponse.Explained:
                WriteOfJob(writer, response);
                break;
            case ClientResponse.Invalid invalid:
                writer.Packed((ulong)ResponseKind.Invalid);
                foreach (var fault in invalid.Faults.Take(JobLimits.FaultsMax))
                    writer.Nested(1, fault, JobFields.Write);
                break;
            case ClientResponse.NotFound notFound:
                writer.Packed((ulong)ResponseKind.NotFound);
                writer.Nested(1, notFound.Job, JobFields.Write);
                break;
            case ClientResponse.Unavailable unavailable:
                writer.Packed((ulong)ResponseKind.Unavailable);
                WriteReason(writer, 1, unavailable.Reason);
                WriteDuration(writer, 2, unavailable.RetryAfter);
                break;
            case ClientResponse.OutcomeUnknown unknown:
                writer.Packed((ulong)ResponseKind.OutcomeUnknown);
                WriteReason(writer, 1, unknown.Reason);
                break;
            default:
                WriteOfKey(writer, response);
                break;
        }
    }

    /// <summary>Answers that say how a job is.</summary>
    private static void WriteOfJob(FieldWriter writer, ClientResponse response)
    {
        switch (response)
        {
            case ClientResponse.Status status:
                writer.Packed((ulong)ResponseKind.Status);
                writer.Nested(1, status.Job, JobFields.Write);
                break;
            case ClientResponse.CancelAccepted cancel:
                writer.Packed((ulong)ResponseKind.CancelAccepted);
                writer.Nested(1, cancel.Job, JobFields.Write);
                break;
            case ClientResponse.Explained explained:
                writer.Packed((ulong)ResponseKind.Explained);
                writer.Nested(1, explained.Job, JobFields.Write);
                break;
            default:
                throw new UnreachableException($"unhandled {response}");
        }
    }

    private static ClientResponse? ReadResponse(ref FieldReader reader)
    {
        var kind = reader.Leading("kind of response");
        return (ResponseKind)kind switch
        {
            ResponseKind.Accepted => ReadAccepted(ref reader),
            ResponseKind.Status => ReadStatus(ref reader) is { } s ? new ClientResponse.Status(s) : null,
            ResponseKind.Explained => ReadExplained(ref reader),
            ResponseKind.Routed => ReadRouted(ref reader),
            ResponseKind.Jobs => ReadJobs(ref reader),
            ResponseKind.CancelAccepted =>
                ReadStatus(ref reader) is { } s ? new ClientResponse.CancelAccepted(s) : null,
            ResponseKind.Invalid => ReadInvalid(ref reader),
            ResponseKind.NotFound => ReadJob(ref reader) is { } job ? new ClientResponse.NotFound(job) : null,
            ResponseKind.Unavailable => ReadUnavailable(ref reader),
            ResponseKind.OutcomeUnknown => ReadOutcomeUnknown(ref reader),
            ResponseKind.Cluster => ReadCluster(ref reader),
            ResponseKind.Pending => ReadPending(ref reader),
            ResponseKind.KeyReused => ReadKeyReused(ref reader),
            ResponseKind.KeyExpired => ReadKeyExpired(ref reader),
            ResponseKind.Rejected => ReadRejected(ref reader),
            _ => Unknown<ClientResponse>(ref reader, "response", kind),
        };
    }

    private static JobStatus? ReadStatus(ref FieldReader reader) =>
        ReadSoleField(ref reader, "job", JobFields.ReadJobStatus);

    private static ClientResponse.Explained? ReadExplained(ref FieldReader reader) =>
        ReadSoleField(ref reader, "job", JobFields.ReadJobExplanation) is { } explanation
            ? new ClientResponse.Explained(explanation)
            : null;

    private static ClientResponse.Jobs? ReadJobs(ref FieldReader reader)
    {
        var list = new List<JobSummary>();
        var missing = new List<string>();
        var led = new List<int>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1:
                    reader.Element("list", list, ProtocolLimits.JobsListMax, JobFields.ReadJobSummary);
                    break;
                case 2 when reader.HasRoom("missing", missing.Count, ProtocolLimits.GatesMax):
                    missing.Add(reader.Text("missing", NodeId.LengthMax));
                    break;
                case 3 when reader.HasRoom("led", led.Count, ProtocolLimits.GroupsMax):
                    led.Add(reader.Integer("led", 0, ProtocolLimits.GroupsMax - 1));
                    break;
                default: break;
            }
        }

        return reader.Fault is null ? new ClientResponse.Jobs(list, missing) { Led = led } : null;
    }

    private static ClientResponse.Invalid? ReadInvalid(ref FieldReader reader)
    {
        var faults = new List<JobFault>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: reader.Element("faults", faults, JobLimits.FaultsMax, JobFields.ReadJobFault); break;
                default: break;
            }
        }

        return reader.Fault is null ? new ClientResponse.Invalid(faults) : null;
    }

    private static ClientResponse.Unavailable? ReadUnavailable(ref FieldReader reader)
    {
        var reason = "";
        Duration retryAfter = default;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: reason = ReadReason(ref reader); break;
                case 2: retryAfter = ReadDuration(ref reader, "retryAfter"); break;
                default: break;
            }
        }

        reader.Require(1, "reason");
        reader.Require(2, "retryAfter");
        return reader.Fault is null ? new ClientResponse.Unavailable(reason, retryAfter) : null;
    }

    private static ClientResponse.OutcomeUnknown? ReadOutcomeUnknown(ref FieldReader reader)
    {
        var reason = "";
        while (reader.Next(out var field))
            if (field == 1) reason = ReadReason(ref reader);

        reader.Require(1, "reason");
        return reader.Fault is null ? new ClientResponse.OutcomeUnknown(reason) : null;
    }
}
