using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>One step of a node: when it happens and where its effects go.</summary>
/// <remarks>What is sent here rests on nothing that is not committed, so nothing waits for the
/// disk.</remarks>
internal readonly record struct Turn(Instant Now, Outbox<NodeEffect> Outbox)
{
    public void Send(NodeId to, Message message) =>
        Outbox.Emit(new NodeEffect.Send(to, message, Barrier.None));

    public void Tell(TelemetryEvent telemetry) => Outbox.Emit(new NodeEffect.Emit(telemetry));

    public void Answer(Caller caller, ClientResponse response)
    {
        if (caller.IsLocal) Outbox.Emit(new NodeEffect.Reply(caller.Id, response, Barrier.None));
        else Send(caller.From, new Message.ClientAnswer(caller.Id, response));
    }

    /// <summary>Refuses a message and says so.</summary>
    public NodeVerdict Ignore(NodeId from, Message message, NodeVerdict verdict)
    {
        Tell(new TelemetryEvent.Ignored(from, message.GetType().Name, verdict.ToString()));
        return verdict;
    }
}
