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
    // One for each slot that is started, has no outcome and is not cancelled.
    private readonly SortedDictionary<SlotKey, SlotContact> _contacts = [];

    private readonly DeadlineQueue<SlotKey> _askAt = new();

    // When a gate asked for a start that is proposed and not yet committed.
    private readonly SortedDictionary<SlotKey, Instant> _startAskedAt = [];

    /// <summary>Whether attempts of the slot may be started.</summary>
    private bool IsWanted(SlotKey slot) => _contacts.TryGetValue(slot, out var contact)
        && contact.IsWanted(_now);

    /// <summary>Since when a workflow that is ready waits for a gate's word.</summary>
    private WallTime WithoutContactSince(SlotKey slot, WallTime ready)
    {
        if (!_contacts.TryGetValue(slot, out var contact) || contact.WantedAt is not { } wanted) return ready;
        var ended = _clock.At(_now) + (wanted + SlotContact.Term - _now);
        return ended > ready ? ended : ready;
    }

    /// <param name="askedAt">When a gate asked for the start; null where another primary was asked.</param>
    private void FollowStart(SlotKey slot, Instant? askedAt)
    {
        _contacts[slot] = askedAt is { } at ? SlotContact.Started(at) : SlotContact.Unheard();
        if (askedAt is null) AskGates(slot);
        else _askAt.Set(slot, _now + SlotContact.AskInterval);
    }

    private void LeadContacts()
    {
        foreach (var slot in Ledger.Slots)
        {
            if (!IsAskedAbout(slot)) continue;
            _contacts[slot.Key] = SlotContact.Unheard();
            AskGates(slot.Key);
        }
    }

    private void EndContact(SlotKey slot)
    {
        _contacts.Remove(slot);
        _askAt.Remove(slot);
    }

    private void AskGates(SlotKey slot)
    {
        if (!_contacts.TryGetValue(slot, out var contact)) return;
        IReadOnlyList<NodeId> gates = contact.IsAnswered
            ? [Ledger.GateOf(slot.Job)!.Value]
            : _topology.ReplicasOfGroup(slot.Job.Group);
        contact.Ask(_now);
        foreach (var gate in gates) Send(gate, new Message.SlotHeld(slot, _boot, _now.Nanoseconds));
        _askAt.Set(slot, _now + SlotContact.AskInterval);
        if (!contact.IsWanted(_now)) MarkProgress(slot);
    }

    private NodeVerdict OnSlotWanted(NodeId from, Message.SlotWanted wanted)
    {
        if (!_contacts.TryGetValue(wanted.Slot, out var contact)) return NodeVerdict.Unknown;
        var wasWanted = contact.IsWanted(_now);
        if (wanted.Boot != _boot || !contact.Answer(new Instant(wanted.Question))) return NodeVerdict.Stale;
        if (!wasWanted)
        {
            _isPlacingDue = true;
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
    }

    private void CheckContact(SlotRecord slot)
    {
        Invariant.Holds(_contacts.ContainsKey(slot.Key) == IsAskedAbout(slot));
        Invariant.Holds(_askAt.TryGet(slot.Key, out _) == IsAskedAbout(slot));
    }

    private void AddContactsTo(ref Fingerprint fingerprint)
    {
        _askAt.AddTo(ref fingerprint, HashOf);
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
