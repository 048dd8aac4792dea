using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Benchmarks;

/// <summary>The cache that one would write with what .NET has: a dictionary of a linked list's
/// nodes.</summary>
internal sealed class PlainLruCache(int capacity)
{
    private readonly Dictionary<IdempotencyKey, LinkedListNode<Entry>> _nodes = [];
    private readonly LinkedList<Entry> _byUse = new();

    public bool TryGet(IdempotencyKey key, out JobId? job)
    {
        job = null;
        if (!_nodes.TryGetValue(key, out var node)) return false;
        _byUse.Remove(node);
        _byUse.AddLast(node);
        job = node.Value.Job;
        return true;
    }

    public void Add(IdempotencyKey key, PayloadFingerprint fingerprint)
    {
        if (_nodes.Count >= capacity)
        {
            _nodes.Remove(_byUse.First!.Value.Key);
            _byUse.RemoveFirst();
        }

        _nodes.Add(key, _byUse.AddLast(new Entry(key, fingerprint, null)));
    }

    public void Settle(IdempotencyKey key, JobId job)
    {
        var node = _nodes[key];
        node.Value = node.Value with { Job = job };
    }

    private readonly record struct Entry(IdempotencyKey Key, PayloadFingerprint Fingerprint, JobId? Job);
}
