using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>The fences that messages carry.</summary>
internal static class Fences
{
    /// <summary>Whose leader commands, by ledger group or datacenter, and with which fence; null for what is
    /// no command.</summary>
    /// <param name="host">Who sends or gets it.</param>
    public static (string Owner, long Fence)? Of(SimHost host, Message message)
    {
        if (OfJob(message) is var (job, fence)) return ($"group {job.Group}", fence);
        return message switch
        {
            Message.StartAttempt start => (host.Place.Datacenter, start.Fence),
            Message.StopAttempt stop => (host.Place.Datacenter, stop.Fence),
            _ => null,
        };
    }

    /// <summary>The job that a gate commands a manager about, and the fence; null for what is none.</summary>
    public static (JobId Job, long Fence)? OfJob(Message message) => message switch
    {
        Message.ReserveSlot reserve => (reserve.Slot.Job, reserve.Fence),
        Message.StartSlot start => (start.Slot.Job, start.Fence),
        Message.CancelSlot cancel => (cancel.Slot.Job, cancel.Fence),
        _ => null,
    };
}
