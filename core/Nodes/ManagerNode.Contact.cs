using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

// Whether the gates still want what runs here.
//
// A gate tells a datacenter that its slot is not wanted for a while only, and who leads the job's group may
// change meanwhile. So the manager asks, as long as anything of the slot may still run: the gate that last
// commanded the job, and when that does not answer all of the job's group. The answer is that the slot is
// wanted, or what is to become of it.
public sealed partial class ManagerNode
{
    /// <summary>Most slots that are asked about in one step, and how long it is until the next such step: so
    /// many slots as a datacenter may hold are asked about within a tenth of the interval.</summary>
    private const int AsksPerStepMax = 256;

    private static readonly Duration AskPause = Duration.FromMilliseconds(10);

    // One for each slot that is started, has no outcome and is not cancelled.
    private readonly SortedDictionary<SlotKey, SlotContact> _contacts = [];

    private readonly DeadlineQueue<SlotKey> _askAt = new();

    // When the next questions may be sent, however many are due.
    private Instant _asksFrom = Instant.Zero;

    // When a gate asked for a start that is proposed and not yet committed.
    private readonly SortedDictionary<SlotKey, Instant> _startAskedAt = [];

    /// <summary>Whether attempts of the slot may be started.</summary>
    private bool IsWanted(SlotKey slot) => _contacts.TryGetValue(slot, out var contact)
        && contact.IsWanted(_now);

    /// <summary>Since when a workflow that is ready waits for a gate's word.</summary>
    private WallTime WithoutContactSince(SlotKey slot, WallTime ready)
    {
        if (!_contacts.TryGetValue(slot, out var contact) || contact.WantedUntil is not { } end) return ready;
        var ended = _clock.At(_now) + (end - _now);
        return ended > ready ? ended : ready;
    }

    /// <param name="askedAt">When a gate asked for the start; null where another primary was asked.</param>
    private void FollowStart(SlotKey slot, Instant? askedAt)
    {
        _contacts[slot] = askedAt is { } at ? SlotContact.Started(at) : SlotContact.Unheard();
        if (askedAt is null) AskGates(slot);
        else _askAt.Set(slot, SlotContact.NextQuestion(_now, HashOf(slot)));
    }

    private void LeadContacts()
    {
        foreach (var slot in Ledger.Slots)
        {
            if (!IsAskedAbout(slot)) continue;
            _contacts[slot.Key] = SlotContact.Unheard();
            _askAt.Set(slot.Key, _now);
        }

        AskDue();
    }

    private void EndContact(SlotKey slot)
    {
        _contacts.Remove(slot);
        _askAt.Remove(slot);
        _placeable.Remove(slot);
    }

    private Instant NextQuestions => Instant.Later(_askAt.NextDeadline, _asksFrom);

    private void AskDue()
    {
        if (_now < NextQuestions) return;
        for (var asked = 0; asked < AsksPerStepMax && _askAt.TryPop(_now, out var slot); asked++)
            AskGates(slot);
        if (_askAt.NextDeadline <= _now) _asksFrom = _now + AskPause;
    }

    private void AskGates(SlotKey slot)
    {
        if (!_contacts.TryGetValue(slot, out var contact)) return;
        IReadOnlyList<NodeId> gates = contact.IsAnswered
            ? [Ledger.GateOf(slot.Job)!.Value]
            : _topology.ReplicasOfGroup(slot.Job.Group);
        contact.Ask(_now);
        foreach (var gate in gates) Send(gate, new Message.SlotHeld(slot, _boot, _now.Nanoseconds));
        _askAt.Set(slot, SlotContact.NextQuestion(_now, HashOf(slot)));
        if (!contact.IsWanted(_now)) MarkProgress(slot);
    }

    private NodeVerdict OnSlotWanted(NodeId from, Message.SlotWanted wanted)
    {
        if (!_contacts.TryGetValue(wanted.Slot, out var contact)) return NodeVerdict.Unknown;
        var wasWanted = contact.IsWanted(_now);
        if (wanted.Boot != _boot || !contact.Answer(new Instant(wanted.Question))) return NodeVerdict.Stale;
        if (wasWanted)
        {
            _placeable.Prolong(wanted.Slot, contact.WantedUntil!.Value);
        }
        else
        {
            _isPlacingDue = true;
            FollowReady(wanted.Slot);
            MarkProgress(wanted.Slot);
        }

        // Another gate leads the job's group: reports go to that one from here on.
        return wanted.Fence > Ledger.FenceOf(wanted.Slot.Job)
            ? OnStartSlot(from, new Message.StartSlot(wanted.Slot, wanted.Fence))
            : NodeVerdict.Accepted;
    }

    private static bool IsAskedAbout(SlotRecord slot) =>
        slot is { IsStarted: true, Outcome: null, CancelReason: null };

    private void LeaveContacts()
    {
        _contacts.Clear();
        _askAt.Clear();
        _startAskedAt.Clear();
        _placeable.Clear();
        _asksFrom = Instant.Zero;
    }

    private void CheckContact(SlotRecord slot)
    {
        Invariant.Holds(_contacts.ContainsKey(slot.Key) == IsAskedAbout(slot));
        Invariant.Holds(_askAt.TryGet(slot.Key, out _) == IsAskedAbout(slot));
        if (!IsWanted(slot.Key)) return;
        foreach (var ready in DispatchLedger.ReadyOf(slot)) Invariant.Holds(_placeable.Contains(ready));
    }

    private void AddContactsTo(ref Fingerprint fingerprint)
    {
        _askAt.AddTo(ref fingerprint, HashOf);
        _placeable.AddTo(ref fingerprint);
        fingerprint.Add(_asksFrom);
        foreach (var (slot, contact) in _contacts)
        {
            slot.AddTo(ref fingerprint);
            contact.AddTo(ref fingerprint);
        }

        foreach (var (slot, at) in _startAskedAt)
        {
            slot.AddTo(ref fingerprint);
            fingerprint.Add(at);
        }
    }
}
