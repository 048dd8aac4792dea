using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What must hold whatever the weather does, seen from outside the nodes.</summary>
internal sealed class StormChecks(DispatchStorm storm)
{
    private readonly SortedDictionary<AttemptKey, (Instant At, int? Code)> _exits = [];
    private readonly SortedSet<AttemptKey> _running = [];
    private readonly SortedDictionary<(JobId, int), int> _startedEpochs = [];
    private readonly SortedSet<SlotKey> _started = [];
    private readonly SortedSet<SlotKey> _refused = [];
    private readonly SortedDictionary<SlotKey, string> _outcomes = [];

    /// <summary>Kinds of what nodes told, with a count each.</summary>
    public SortedDictionary<string, int> Told { get; } = new(StringComparer.Ordinal);

    /// <summary>A workload is about to run: the first time for its attempt, anywhere.</summary>
    public void OnStart(AttemptKey attempt, NodeId worker)
    {
        Assert.True(_exits.TryAdd(attempt, default), $"{attempt} starts a second time, on {worker}");
        _running.Add(attempt);
        var place = (attempt.Slot.Job, attempt.Slot.Slot);
        _startedEpochs.TryAdd(place, attempt.Slot.Epoch);
        Assert.Equal(attempt.Slot.Epoch, _startedEpochs[place]);
        Assert.DoesNotContain(attempt.Slot, _refused);
    }

    public void OnExit(AttemptKey attempt, int? exitCode = null)
    {
        _exits[attempt] = (storm.Now, exitCode);
        _running.Remove(attempt);
    }

    public void OnSlotStarted(SlotKey slot)
    {
        _started.Add(slot);
        Assert.DoesNotContain(slot, _refused);
    }

    /// <summary>A refusal is for good, unless the slot's outcome is known.</summary>
    public void OnSlotRefused(SlotKey slot)
    {
        if (_outcomes.ContainsKey(slot)) return;
        _refused.Add(slot);
        Assert.DoesNotContain(slot, _started);
        Assert.DoesNotContain(_exits.Keys, attempt => attempt.Slot == slot);
    }

    /// <summary>An outcome never changes, and what it calls completed ran to its end.</summary>
    public void OnFinished(SlotKey slot, SlotOutcome outcome)
    {
        var text = Content.Of(outcome);
        if (!_outcomes.TryAdd(slot, text)) Assert.Equal(_outcomes[slot], text);
        foreach (var result in outcome.Workflows)
        {
            if (result.Outcome.State != AttemptState.Completed) continue;
            Assert.Equal(0, _exits[new AttemptKey(slot, result.Workflow, result.Attempts)].Code);
        }
    }

    public void OnTold(NodeId node, TelemetryEvent telemetry)
    {
        var kind = telemetry switch
        {
            TelemetryEvent.AttemptEnded e when node == Dispatch.Manager => $"{e.State} {e.Reason}",
            TelemetryEvent.SlotEnded e => $"slot {e.State}",
            TelemetryEvent.Ignored e => $"{e.Message} {e.Verdict}",
            _ => telemetry.GetType().Name,
        };
        Told[kind] = Told.GetValueOrDefault(kind) + 1;
        if (node != Dispatch.Manager || telemetry is not TelemetryEvent.AttemptEnded ended) return;
        // Whoever is given up for its silence has stopped by then.
        if (ended.Reason.StartsWith("no heartbeat", StringComparison.Ordinal))
            Assert.DoesNotContain(ended.Attempt, _running);
        // And what ran to its end is not taken for something that was never taken.
        if (ended.Reason.StartsWith("the worker did not take it", StringComparison.Ordinal)
            && _exits.TryGetValue(ended.Attempt, out var exit) && exit.Code is not null)
            Assert.True(storm.Now - exit.At < Duration.FromSeconds(5), $"{ended.Attempt} had an outcome");
    }
}
