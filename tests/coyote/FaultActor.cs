using Microsoft.Coyote.Actors;

namespace Hyperscale.Det.Tests.Exploration;

/// <summary>Crashes servers of the cluster, whenever Coyote lets it.</summary>
[OnEventDoAction(typeof(Next), nameof(Strike))]
internal sealed class FaultActor : Actor
{
    private Cluster _cluster = null!;

    protected override Task OnInitializeAsync(Event initialEvent)
    {
        _cluster = ((Begun)initialEvent).Cluster;
        SendEvent(Id, new Next(0));
        return Task.CompletedTask;
    }

    private void Strike(Event e)
    {
        if (_cluster.CrashesLeft == 0) return;
        // Some turns pass idly, so that crashes fall anywhere in a run.
        if (RandomInteger(_cluster.TurnsPerCrash) == 0)
        {
            _cluster.CrashesLeft--;
            var victim = _cluster.Victims[RandomInteger(_cluster.Victims.Count)];
            SendEvent(_cluster.Actors[victim], new NodeEvents.Crashed());
        }

        if (((Next)e).Turn < 25 * _cluster.TurnsPerCrash) SendEvent(Id, new Next(((Next)e).Turn + 1));
    }

    internal sealed class Begun(Cluster cluster) : Event
    {
        public Cluster Cluster { get; } = cluster;
    }

    private sealed class Next(int turn) : Event
    {
        public int Turn { get; } = turn;
    }
}
