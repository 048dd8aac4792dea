using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>What a client sees of a running workflow never falls, as long as no gate or manager restarts
/// and the leaders stay: progress is in their memory only. Nothing is said of workers that tell of
/// more than there was.</summary>
public sealed class ProgressRises() : Checker("progress-rises", CheckerViews.Effects)
{
    // By then every running workflow has been reported again.
    private static readonly Duration Settling = Duration.FromSeconds(5);

    private readonly SortedDictionary<(JobId Job, int Slot, int Workflow), Seen> _seen = [];
    private Instant _lastRestart = Instant.Zero;

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (host.Place.HasDisk) _lastRestart = World.Now;
    }

    public override void OnEnded(SimHost host, CrashExtent extent)
    {
        if (host.Place.HasDisk) _lastRestart = World.Now;
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (effect is NodeEffect.Emit { Event: TelemetryEvent.GroupLed }) _lastRestart = World.Now;
    }

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        if (response is not ClientResponse.Status { Job: { IsTerminal: false } job }) return;
        foreach (var slot in job.Slots)
        {
            if (slot.Outcome is not null || World.HasHugeLies(slot.Datacenter)) continue;
            foreach (var progress in slot.Workflows)
            {
                // The numbers of an attempt that was given up count no more.
                if (progress.Phase == WorkflowPhase.Running) Saw(job.Id, slot, progress, askedAt);
                else _seen.Remove((job.Id, slot.Slot, progress.Workflow));
            }
        }
    }

    private void Saw(JobId job, SlotStatus slot, WorkflowProgress progress, Instant askedAt)
    {
        var key = (job, slot.Slot, progress.Workflow);
        var saw = new Seen(slot.Datacenter, progress.Attempt, progress.Stats.Requests, World.Now);
        if (_seen.TryGetValue(key, out var last) && last.At <= askedAt && last.At > _lastRestart + Settling)
        {
            // Another attempt begins at nothing.
            var isSame = last.Datacenter == saw.Datacenter && last.Attempt == saw.Attempt;
            Require(!isSame || saw.Requests >= last.Requests, () =>
                $"w{progress.Workflow} of {job}/{slot.Slot} shows {saw.Requests} requests; "
                + $"it showed {last.Requests} at {last.At}");
        }

        _seen[key] = saw;
    }

    private readonly record struct Seen(string Datacenter, int Attempt, long Requests, Instant At);
}
