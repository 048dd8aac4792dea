using Hyperscale.Det.Resources;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Protocol;

public static partial class MessageCodec
{
    private static void Write(FieldWriter writer, Message.ResourcesGossiped gossiped)
    {
        foreach (var view in gossiped.Views.Take(ManagerResourceGossip.ViewsMax))
            writer.Nested(1, view, ManagerLocalView.Write);
    }

    private static Message.ResourcesGossiped? ReadResourcesGossiped(ref FieldReader reader)
    {
        var views = new List<ManagerLocalView>();
        while (reader.Next(out var field))
        {
            if (field == 1)
                reader.Element("views", views, ManagerResourceGossip.ViewsMax, ManagerLocalView.Read);
        }

        for (var i = 1; i < views.Count; i++)
        {
            if (views[i - 1].Manager < views[i].Manager) continue;
            reader.Fail($"views[{i}] is out of order");
            break;
        }

        return reader.Fault is null ? new Message.ResourcesGossiped(views) : null;
    }
}
