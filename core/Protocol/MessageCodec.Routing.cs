using Hyperscale.Det.Jobs;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, ClientRequest.PreviewRoute preview)
    {
        writer.Nested(1, preview.Datacenters, JobFields.Write);
        writer.Number(2, preview.CoresRequired);
    }

    private static ClientRequest.PreviewRoute? ReadPreviewRoute(ref FieldReader reader)
    {
        DatacenterChoice? datacenters = null;
        var cores = 0;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: datacenters = reader.Nested("datacenters", JobFields.ReadDatacenterChoice); break;
                case 2: cores = reader.Integer("coresRequired", 1, ProtocolLimits.DatacenterCoresMax); break;
                default: break;
            }
        }

        reader.Require(1, "datacenters");
        reader.Require(2, "coresRequired");
        return reader.Fault is null ? new ClientRequest.PreviewRoute(datacenters!, cores) : null;
    }

    private static ClientResponse.Routed? ReadRouted(ref FieldReader reader) =>
        ReadSoleField(ref reader, "report", RoutingFields.Read) is { } report
            ? new ClientResponse.Routed(report)
            : null;
}
