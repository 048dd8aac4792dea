using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Per slot at most one datacenter ever starts anything (I4), per datacenter at most one slot of a
/// job does, and only where the job may run.</summary>
public sealed class OneDatacenter() : Checker("one-datacenter", CheckerViews.None)
{
    private readonly SortedDictionary<(JobId Job, int Slot), (string Datacenter, SlotKey Key)> _placeOf = [];
    private readonly SortedDictionary<(JobId Job, string Datacenter), int> _slotIn = [];

    public override void OnProcessStarted(SimProcess process)
    {
        var key = process.Attempt.Slot;
        var datacenter = process.Host.Place.Datacenter;
        if (_placeOf.TryAdd((key.Job, key.Slot), (datacenter, key)))
        {
            IsAllowed(key.Job, datacenter);
            Require(_slotIn.TryAdd((key.Job, datacenter), key.Slot), () =>
                $"slot {key} starts in {datacenter}, where slot {_slotIn[(key.Job, datacenter)]} started");
        }

        var first = _placeOf[(key.Job, key.Slot)];
        Require(first.Datacenter == datacenter && first.Key == key, () =>
            $"slot {key} starts in {datacenter}, and as {first.Key} it started in {first.Datacenter}");
    }

    private void IsAllowed(JobId job, string datacenter)
    {
        if (!World.Clients.Accepted.TryGetValue(job, out var accepted)) return;
        var only = accepted.Spec.Datacenters.Only;
        Require(only.Count == 0 || only.Contains(datacenter), () =>
            $"{job} starts in {datacenter}; it may run in {string.Join(", ", only)} only");
    }
}
