using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>What jobs take beyond the round trip wherever they run: to start their work and to merge its
/// results. Without it, a datacenter that is only predicted would look better than any that is
/// known.</summary>
/// <remarks>About the least that datacenters come to: it falls fast, and rises slowly.</remarks>
public readonly record struct BaselineOverhead
{
    /// <summary>More than this is slowness of a datacenter, be it the only one that is known.</summary>
    public const double MaxMs = 250;

    private const double FallShare = 0.2;
    private const double RiseShare = 0.01;

    private readonly double? _ms;

    private BaselineOverhead(double ms) => _ms = ms;

    public double Ms => _ms ?? 0;

    /// <param name="excessMs">What one datacenter takes on average beyond its round trip. Below zero it says
    /// that the round trip is not known well.</param>
    public BaselineOverhead With(double excessMs)
    {
        if (excessMs < 0) return this;
        var counted = Math.Min(excessMs, MaxMs);
        var share = _ms is null ? 1 : counted < Ms ? FallShare : RiseShare;
        return new(Ms + (share * (counted - Ms)));
    }

    public void AddTo(ref Fingerprint fingerprint) => fingerprint.Add(_ms ?? -1);
}
