using Microsoft.Coyote.Actors;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>A long way through the network: a message takes some turns here before it arrives.</summary>
[OnEventDoAction(typeof(Underway), nameof(OnUnderway))]
internal sealed class DetourActor : Actor
{
    private void OnUnderway(Event e)
    {
        var underway = (Underway)e;
        if (underway.TurnsLeft == 0) SendEvent(underway.To, underway.Message);
        else SendEvent(Id, new Underway(underway.To, underway.Message, underway.TurnsLeft - 1));
    }

    internal sealed class Underway(ActorId to, Event message, int turnsLeft) : Event
    {
        public ActorId To { get; } = to;

        public Event Message { get; } = message;

        public int TurnsLeft { get; } = turnsLeft;
    }
}
