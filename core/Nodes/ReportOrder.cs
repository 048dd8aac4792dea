using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>Lets reports of one source through that are newer than those before, across its
/// restarts.</summary>
/// <remarks>A life that was followed by another one is over: what is still on its way from it is
/// old.</remarks>
internal sealed class ReportOrder
{
    private const int EarlierMax = 8;

    private readonly Queue<BootId> _earlier = new();
    private BootId? _boot;
    private long _revision;

    public bool Accept(BootId boot, long revision)
    {
        if (_boot == boot && revision <= _revision) return false;
        if (_boot != boot && _earlier.Contains(boot)) return false;
        if (_boot is { } last && last != boot)
        {
            _earlier.Enqueue(last);
            if (_earlier.Count > EarlierMax) _earlier.Dequeue();
        }

        _boot = boot;
        _revision = revision;
        return true;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_boot?.Value ?? 0);
        fingerprint.Add(_revision);
        foreach (var boot in _earlier) fingerprint.Add(boot.Value);
    }
}
