using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>After a cancellation is acknowledged no gate dispatches the job, and after a manager reported a
/// slot's end it starts nothing in it.</summary>
/// <remarks>Who was replaced before the end may not know of it: its commands have a lower fence.</remarks>
public sealed class NoDispatchAfterEnd() : Checker("no-dispatch-after-end", CheckerViews.Sent)
{
    private readonly SortedDictionary<JobId, Ended> _cancelled = [];
    private readonly SortedDictionary<SlotKey, Ended> _finished = [];

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        if (response is not ClientResponse.CancelAccepted { Job.Id: var job }) return;
        var fence = World.Hosts.Max(gate => (gate.Node as GateNode)?.FenceOf(job.Group) ?? 0);
        _cancelled.TryAdd(job, new Ended(World.Now, fence));
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        switch (message)
        {
            case Message.ReserveSlot reserve:
                NotCancelled(host, reserve.Slot, reserve.Fence, "reserves");
                break;
            case Message.StartSlot start:
                NotCancelled(host, start.Slot, start.Fence, "starts");
                break;
            case Message.SlotFinished finished:
                var reporter = (host.Node as ManagerNode)?.Fence ?? 0;
                _finished.TryAdd(finished.Slot, new Ended(World.Now, reporter));
                break;
            case Message.StartAttempt start:
                var isOver = _finished.TryGetValue(start.Attempt.Slot, out var end);
                Require(!isOver || start.Fence < end.Fence, () =>
                    $"{host.Id} starts {start.Attempt}, whose end it reported at {end.At}");
                break;
            default:
                break;
        }
    }

    private void NotCancelled(SimHost host, SlotKey slot, long fence, string verb) =>
        Require(!_cancelled.TryGetValue(slot.Job, out var end) || fence < end.Fence, () =>
            $"{host.Id} {verb} {slot}, whose cancellation was acknowledged at {end.At}");

    /// <summary>When something ended, and the fence of whoever said so.</summary>
    private readonly record struct Ended(Instant At, long Fence);
}
