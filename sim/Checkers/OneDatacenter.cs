using Hyperscale.Det.Jobs;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Per slot at most one datacenter ever starts anything (I4).</summary>
public sealed class OneDatacenter() : Checker("one-datacenter", CheckerViews.None)
{
    private readonly SortedDictionary<(JobId Job, int Slot), (string Datacenter, SlotKey Key)> _startedIn =
        [];

    public override void OnProcessStarted(SimProcess process)
    {
        var key = process.Attempt.Slot;
        var datacenter = process.Host.Place.Datacenter;
        if (_startedIn.TryAdd((key.Job, key.Slot), (datacenter, key))) return;
        var first = _startedIn[(key.Job, key.Slot)];
        Require(first.Datacenter == datacenter && first.Key == key, () =>
            $"slot {key} starts in {datacenter}, and as {first.Key} it started in {first.Datacenter}");
    }
}
