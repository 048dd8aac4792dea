using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>Holds back every effect that promises something until what the promise rests on is on
/// disk.</summary>
/// <remarks>The one rule of both hosts: <see cref="Offer"/> takes a step's effects in order and numbers the
/// appends; an effect with <see cref="Barrier.Durable"/> leaves only once every record appended before it is
/// durable. It holds up none of those behind it, to the same peer or not: what may leave hides the disk's
/// latency, and only messages between replicas wait, which bear to be overtaken.</remarks>
public sealed class DurabilityGate(long lastLsn)
{
    private readonly Queue<Held> _held = new();

    /// <summary>LSN of the newest record handed to the host.</summary>
    public long AppendedLsn { get; private set; } = lastLsn;

    /// <summary>LSN up to which the host has reported everything on disk.</summary>
    public long DurableLsn { get; private set; } = lastLsn;

    public int HeldCount => _held.Count;

    /// <summary>Takes one effect; true when the host may carry it out now.</summary>
    public bool Offer(NodeEffect effect)
    {
        if (effect is NodeEffect.Append) AppendedLsn++;
        var mustWait = effect switch
        {
            NodeEffect.Send send => send.Barrier == Barrier.Durable,
            NodeEffect.Reply reply => reply.Barrier == Barrier.Durable,
            _ => false,
        };
        if (!mustWait || AppendedLsn == DurableLsn) return true;

        _held.Enqueue(new Held(AppendedLsn, effect));
        return false;
    }

    /// <summary>Records that the disk holds everything up to <paramref name="lsn"/>.</summary>
    public void OnDurable(long lsn)
    {
        Invariant.Holds(lsn >= DurableLsn);
        Invariant.Holds(lsn <= AppendedLsn);
        DurableLsn = lsn;
    }

    /// <summary>Takes the next effect that no longer has to wait.</summary>
    public bool TryRelease(out NodeEffect effect)
    {
        effect = null!;
        if (_held.Count == 0 || _held.Peek().Lsn > DurableLsn) return false;
        effect = _held.Dequeue().Effect;
        return true;
    }

    private readonly record struct Held(long Lsn, NodeEffect Effect);
}
