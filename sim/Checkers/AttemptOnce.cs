using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>An attempt is started at most once, by one worker in one life.</summary>
public sealed class AttemptOnce() : Checker("attempt-once", CheckerViews.None)
{
    public override void OnProcessStarted(SimProcess process)
    {
        var all = World.Processes.Of(process.Attempt);
        Require(all.Count == 1, () => $"{process.Attempt} is started again: "
            + string.Join(", ", all.Select(one => $"at {one.StartedAt} on {one.Host.Id}")));
    }
}
