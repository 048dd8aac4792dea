using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>The least that a datacenter must do for a gate: refuse for good, start once, let reservations
/// expire, keep results until they are committed. It never loses its memory.</summary>
internal sealed class ScriptedDatacenter(Rng rng, int refusals)
{
    /// <summary>Ticks that a reservation waits for its start.</summary>
    private const int ReservationTicks = 60;

    private readonly SortedDictionary<SlotKey, Held> _held = [];
    private readonly SortedSet<SlotKey> _closed = [];

    /// <summary>Every slot that was ever started here.</summary>
    public SortedSet<(JobId Job, int Slot)> Started { get; } = [];

    /// <summary>Slots that this datacenter cannot forget yet.</summary>
    public int Open => _held.Count;

    public bool RefusesNothing { get; set; }

    public Message? On(Message message) => message switch
    {
        Message.ReserveSlot reserve => OnReserve(reserve.Slot),
        Message.StartSlot start => OnStart(start.Slot),
        Message.CancelSlot cancel => OnCancel(cancel.Slot),
        Message.SlotResultCommitted committed => OnCommitted(committed.Slot),
        Message.HeartbeatEchoed => null,
        _ => throw new ArgumentException($"a datacenter gets no {message}", nameof(message)),
    };

    /// <summary>Lets a running slot end now and then, and reports what has ended.</summary>
    public IReadOnlyList<Message> Tick()
    {
        var expired = _held.Where(slot => !slot.Value.IsStarted && slot.Value.Outcome is null)
            .Where(slot => ++slot.Value.Ticks > ReservationTicks).Select(slot => slot.Key).ToList();
        foreach (var key in expired) _held.Remove(key);
        foreach (var held in _held.Values)
        {
            if (!held.IsStarted || held.Outcome is not null || !rng.Chance(1, 4)) continue;
            held.Outcome = Specs.Outcome(rng.Chance(1, 5) ? SlotState.Failed : SlotState.Completed);
        }

        return
        [
            .. expired.Select(key => Close(key, "the reservation has expired")),
            .. _held.Where(slot => slot.Value.IsStarted && slot.Value.Outcome is null).Select(slot =>
                (Message)new Message.SlotProgressed(slot.Key, new BootId(1), ++slot.Value.Revision, [])),
            .. _held.Where(slot => slot.Value.Outcome is not null).Select(slot =>
                new Message.SlotFinished(slot.Key, slot.Value.Outcome!)),
        ];
    }

    private Message OnReserve(SlotKey key)
    {
        if (_closed.Contains(key)) return new Message.SlotRefused(key, "closed");
        if (_held.ContainsKey(key)) return new Message.SlotReserved(key, Duration.Zero);
        if (!RefusesNothing && rng.Chance(refusals, 100)) return Close(key, "full");

        _held.Add(key, new Held());
        return new Message.SlotReserved(key, Duration.Zero);
    }

    private Message OnStart(SlotKey key)
    {
        if (!_held.TryGetValue(key, out var held)) return Close(key, "no reservation");
        if (held.Outcome is not null) return new Message.SlotFinished(key, held.Outcome);
        if (!held.IsStarted && !RefusesNothing && rng.Chance(refusals, 400))
        {
            _held.Remove(key);
            return Close(key, "expired");
        }

        held.IsStarted = true;
        Started.Add((key.Job, key.Slot));
        return new Message.SlotStarted(key);
    }

    private Message OnCancel(SlotKey key)
    {
        if (!_held.TryGetValue(key, out var held)) return Close(key, "cancelled");
        held.Outcome ??= Specs.Outcome(SlotState.Cancelled, "cancelled");
        return new Message.SlotFinished(key, held.Outcome);
    }

    private Message? OnCommitted(SlotKey key)
    {
        if (_held.TryGetValue(key, out var held) && held.Outcome is not null && _held.Remove(key))
            _closed.Add(key);
        return null;
    }

    private Message.SlotRefused Close(SlotKey key, string reason)
    {
        _closed.Add(key);
        return new Message.SlotRefused(key, reason);
    }

    private sealed class Held
    {
        public bool IsStarted { get; set; }

        public SlotOutcome? Outcome { get; set; }

        public long Revision { get; set; }

        public int Ticks { get; set; }
    }
}
