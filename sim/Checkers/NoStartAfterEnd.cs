using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>However long a datacenter is cut off, nothing of a job is started in it once the job has been
/// over, or its cancellation acknowledged, for longer than a manager starts attempts without a word of a
/// gate; and nothing at all once it is told that the job is cancelled for good.</summary>
public sealed class NoStartAfterEnd() : Checker(
    "no-start-after-end", CheckerViews.Steps | CheckerViews.Effects)
{
    // Clocks whose rates differ by up to a tenth, and the length of a step.
    private static readonly Duration Bound =
        SlotContact.Term + (SlotContact.Term / 10) + Duration.FromSeconds(1);

    private readonly SortedDictionary<JobId, Instant> _overAt = [];

    private readonly SortedDictionary<JobId, Instant> _cancelledAt = [];

    // When a manager was last asked to start a slot and took it up: it had been on its way for a while.
    private readonly SortedDictionary<SlotKey, Instant> _askedAt = [];

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        if (response is ClientResponse.CancelAccepted { Job.Id: var job }) _overAt.TryAdd(job, World.Now);
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (effect is not NodeEffect.Emit { Event: TelemetryEvent.JobEnded ended }) return;
        _overAt.TryAdd(ended.Job, World.Now);
        if (ended.State == JobState.Cancelled) _cancelledAt.TryAdd(ended.Job, World.Now);
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Place.Role != NodeRole.Manager) return;
        if (input is NodeInput.Received { Message: Message.StartSlot { Slot: var slot } }
            && verdict == NodeVerdict.Accepted)
            _askedAt[slot] = World.Now;
        foreach (var effect in effects.Effects)
            if (effect is NodeEffect.Send { Message: Message.StartAttempt start }) Judge(host, start.Attempt);
    }

    private void Judge(SimHost host, AttemptKey attempt)
    {
        if (!_overAt.TryGetValue(attempt.Slot.Job, out var over)) return;
        var askedAt = _askedAt.GetValueOrDefault(attempt.Slot);
        var latest = Instant.Later(over, askedAt) + Bound;
        // What was asked for before the cancellation was acknowledged has had its term by the end of it.
        if (askedAt <= over && _cancelledAt.TryGetValue(attempt.Slot.Job, out var cancelled))
            latest = Instant.Sooner(latest, cancelled);
        Require(World.Now <= latest, () => $"{host.Id} starts {attempt}, whose job was over at {over}");
    }
}
