using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>After a cancellation is acknowledged no gate dispatches the job, and after a manager reported a
/// slot's end it starts nothing in it.</summary>
public sealed class NoDispatchAfterEnd() : Checker("no-dispatch-after-end", CheckerViews.Sent)
{
    private readonly SortedDictionary<JobId, Instant> _cancelled = [];
    private readonly SortedDictionary<SlotKey, Instant> _finished = [];

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        if (response is ClientResponse.CancelAccepted accepted) _cancelled.TryAdd(accepted.Job.Id, World.Now);
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        switch (message)
        {
            case Message.ReserveSlot reserve:
                NotCancelled(host, reserve.Slot, "reserves");
                break;
            case Message.StartSlot start:
                NotCancelled(host, start.Slot, "starts");
                break;
            case Message.SlotFinished finished:
                _finished.TryAdd(finished.Slot, World.Now);
                break;
            case Message.StartAttempt start:
                Require(!_finished.TryGetValue(start.Attempt.Slot, out var at), () =>
                    $"{host.Id} starts {start.Attempt}, whose end it reported at {at}");
                break;
            default:
                break;
        }
    }

    private void NotCancelled(SimHost host, SlotKey slot, string verb) =>
        Require(!_cancelled.TryGetValue(slot.Job, out var at), () =>
            $"{host.Id} {verb} {slot}, whose cancellation was acknowledged at {at}");
}
