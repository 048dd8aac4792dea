using Hyperscale.Det.Jobs;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, ClientRequest.PreviewRoute preview)
    {
        writer.Number(1, preview.Count);
        writer.Number(2, preview.CoresRequired);
        foreach (var name in preview.Preferred) writer.Text(3, name);
        foreach (var name in preview.Only) writer.Text(4, name);
    }

    private static ClientRequest.PreviewRoute? ReadPreviewRoute(ref FieldReader reader)
    {
        int count = 0, cores = 0;
        var preferred = new List<string>();
        var only = new List<string>();
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: count = reader.Integer("count", 1, JobLimits.DatacentersMax); break;
                case 2: cores = reader.Integer("coresRequired", 1, ProtocolLimits.DatacenterCoresMax); break;
                case 3 when reader.HasRoom("preferred", preferred.Count, JobLimits.DatacentersMax):
                    preferred.Add(reader.Text("preferred", JobLimits.NameLengthMax));
                    break;
                case 4 when reader.HasRoom("only", only.Count, JobLimits.DatacentersMax):
                    only.Add(reader.Text("only", JobLimits.NameLengthMax));
                    break;
                default: break;
            }
        }

        reader.Require(1, "count");
        reader.Require(2, "coresRequired");
        return reader.Fault is null ? new ClientRequest.PreviewRoute(count, cores, preferred, only) : null;
    }

    private static ClientResponse.Routed? ReadRouted(ref FieldReader reader) =>
        ReadSoleField(ref reader, "report", RoutingFields.Read) is { } report
            ? new ClientResponse.Routed(report)
            : null;
}
