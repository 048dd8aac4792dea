using System.Diagnostics;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, Message.ClientCall call)
    {
        writer.Number(1, call.CallId);
        writer.Number(2, call.Hops);
        writer.Nested(3, call.Request, Write);
    }

    private static Message.ClientCall? ReadClientCall(ref FieldReader reader)
    {
        var callId = 0L;
        var hops = 0;
        ClientRequest? request = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: callId = reader.Number("callId"); break;
                case 2: hops = reader.Integer("hops", 0, ProtocolLimits.HopsMax); break;
                case 3: request = reader.Nested("request", ReadRequest); break;
                default: break;
            }
        }

        reader.Require(1, "callId");
        reader.Require(2, "hops");
        reader.Require(3, "request");
        return reader.Fault is null ? new Message.ClientCall(callId, hops, request!) : null;
    }

    private static void Write(FieldWriter writer, Message.ClientAnswer answer)
    {
        writer.Number(1, answer.CallId);
        writer.Nested(2, answer.Response, Write);
    }

    private static Message.ClientAnswer? ReadClientAnswer(ref FieldReader reader)
    {
        var callId = 0L;
        ClientResponse? response = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: callId = reader.Number("callId"); break;
                case 2: response = reader.Nested("response", ReadResponse); break;
                default: break;
            }
        }

        reader.Require(1, "callId");
        reader.Require(2, "response");
        return reader.Fault is null ? new Message.ClientAnswer(callId, response!) : null;
    }

    private static void Write(FieldWriter writer, ClientRequest request)
    {
        switch (request)
        {
            case ClientRequest.SubmitJob submit:
                writer.Packed((ulong)RequestKind.SubmitJob);
                writer.Nested(1, submit.Spec, JobFields.Write);
                if (submit.Key is { } key) writer.Text(2, key.Text);
                break;
            case ClientRequest.GetJob get:
                writer.Packed((ulong)RequestKind.GetJob);
                writer.Nested(1, get.Job, JobFields.Write);
                break;
            case ClientRequest.ExplainJob explain:
                writer.Packed((ulong)RequestKind.ExplainJob);
                writer.Nested(1, explain.Job, JobFields.Write);
                break;
            case ClientRequest.WatchJob watch:
                writer.Packed((ulong)RequestKind.WatchJob);
                writer.Nested(1, watch.Job, JobFields.Write);
                writer.Number(2, watch.AfterRevision);
                break;
            case ClientRequest.ListJobs list:
                writer.Packed((ulong)RequestKind.ListJobs);
                writer.Number(1, Math.Clamp(list.Limit, 0, ProtocolLimits.JobsListMax));
                writer.Flag(2, list.LocalOnly);
                break;
            case ClientRequest.CancelJob cancel:
                writer.Packed((ulong)RequestKind.CancelJob);
                writer.Nested(1, cancel.Job, JobFields.Write);
                break;
            case ClientRequest.PreviewRoute preview:
                writer.Packed((ulong)RequestKind.PreviewRoute);
                Write(writer, preview);
                break;
            case ClientRequest.GetCluster cluster:
                writer.Packed((ulong)RequestKind.GetCluster);
                writer.Flag(1, cluster.LocalOnly);
                break;
            default:
                throw new UnreachableException($"unhandled {request}");
        }
    }

    private static ClientRequest? ReadRequest(ref FieldReader reader)
    {
        var kind = reader.Leading("kind of request");
        return (RequestKind)kind switch
        {
            RequestKind.SubmitJob => ReadSubmitJob(ref reader),
            RequestKind.GetJob => ReadJob(ref reader) is { } job ? new ClientRequest.GetJob(job) : null,
            RequestKind.WatchJob => ReadWatchJob(ref reader),
            RequestKind.ListJobs => ReadListJobs(ref reader),
            RequestKind.CancelJob => ReadJob(ref reader) is { } job ? new ClientRequest.CancelJob(job) : null,
            RequestKind.GetCluster => ReadGetCluster(ref reader),
            RequestKind.PreviewRoute => ReadPreviewRoute(ref reader),
            RequestKind.ExplainJob =>
                ReadJob(ref reader) is { } job ? new ClientRequest.ExplainJob(job) : null,
            _ => Unknown<ClientRequest>(ref reader, "request", kind),
        };
    }

    private static ClientRequest.SubmitJob? ReadSubmitJob(ref FieldReader reader)
    {
        JobSpec? spec = null;
        IdempotencyKey? key = null;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: spec = reader.Nested("spec", JobFields.ReadJobSpec); break;
                case 2: key = KeyFields.ReadKey(ref reader); break;
                default: break;
            }
        }

        reader.Require(1, "spec");
        return reader.Fault is null ? new ClientRequest.SubmitJob(spec!, key) : null;
    }

    private static ClientRequest.WatchJob? ReadWatchJob(ref FieldReader reader)
    {
        JobId job = default;
        var revision = 0L;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: job = reader.Nested("job", JobFields.ReadJobId); break;
                case 2: revision = reader.Number("afterRevision"); break;
                default: break;
            }
        }

        reader.Require(1, "job");
        reader.Require(2, "afterRevision");
        return reader.Fault is null ? new ClientRequest.WatchJob(job, revision) : null;
    }

    private static ClientRequest.ListJobs? ReadListJobs(ref FieldReader reader)
    {
        var limit = 0;
        var localOnly = false;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: limit = reader.Integer("limit", 0, ProtocolLimits.JobsListMax); break;
                case 2: localOnly = reader.Flag("localOnly"); break;
                default: break;
            }
        }

        reader.Require(1, "limit");
        reader.Require(2, "localOnly");
        return reader.Fault is null ? new ClientRequest.ListJobs(limit, localOnly) : null;
    }

    private static JobId? ReadJob(ref FieldReader reader)
    {
        JobId job = default;
        while (reader.Next(out var field))
            if (field == 1) job = reader.Nested("job", JobFields.ReadJobId);

        reader.Require(1, "job");
        return reader.Fault is null ? job : null;
    }
}
