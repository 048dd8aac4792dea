using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>Tells from a step whether its node decided what a crash waits for.</summary>
internal static class Decision
{
    public static bool Fits(
        CrashPoint point, INode node, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects) =>
        point switch
        {
            CrashPoint.RetryGranted => effects.Effects.Any(effect =>
                effect is NodeEffect.Emit { Event: TelemetryEvent.RetryGranted }),
            CrashPoint.LastResultProposed => LastResultIn(node, input, verdict) is not null,
            CrashPoint.Anywhere or CrashPoint.DuringSync or CrashPoint.BetweenEffects
                or CrashPoint.WithEffectsHeld => false,
            _ => throw new System.Diagnostics.UnreachableException($"unhandled {point}"),
        };

    /// <summary>The job whose last awaited result the step proposed, if it did.</summary>
    public static JobId? LastResultIn(INode node, NodeInput input, NodeVerdict verdict)
    {
        if (verdict != NodeVerdict.Accepted || node is not GateNode gate) return null;
        if (input is not NodeInput.Received { Message: Message.SlotFinished { Slot: var key } }) return null;
        if (!gate.Ledger.TryGet(key.Job, out var job) || job.IsEnded || job.IsCancelling) return null;
        return job.Slots.All(slot => slot.Slot == key.Slot || slot.Outcome is not null) ? job.Id : null;
    }
}
