using Hyperscale.Det.Kernel;
using Microsoft.Coyote.Actors;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>Lets time pass at one node after the other: mostly where a deadline comes first, at times
/// anywhere, so that clocks drift apart. Without it a node that only has heartbeats to send would outrun the
/// others by minutes, and most schedules would end before anything happened in them.</summary>
[OnEventDoAction(typeof(Next), nameof(Pass))]
internal sealed class ClockActor : Actor
{
    private const int TurnsPerDrift = 8;

    private Cluster _cluster = null!;

    protected override Task OnInitializeAsync(Event initialEvent)
    {
        _cluster = ((Begun)initialEvent).Cluster;
        SendEvent(Id, new Next());
        return Task.CompletedTask;
    }

    private void Pass(Event e)
    {
        if (_cluster.TicksLeft == 0) return;
        SendEvent(Id, e);
        if (RandomInteger(_cluster.TurnsPerTick) != 0) return;
        var due = _cluster.Due.Where(node => node.Value != Instant.Never).ToList();
        if (due.Count == 0) return;
        var next = RandomInteger(TurnsPerDrift) == 0
            ? due[RandomInteger(due.Count)].Key
            : due.MinBy(node => node.Value).Key;
        // Its last tick may still be on its way.
        if (!_cluster.Ticking.Add(next)) return;
        _cluster.TicksLeft--;
        SendEvent(_cluster.Actors[next], new NodeEvents.TimePassed());
    }

    internal sealed class Begun(Cluster cluster) : Event
    {
        public Cluster Cluster { get; } = cluster;
    }

    private sealed class Next : Event;
}
