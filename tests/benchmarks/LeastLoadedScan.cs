using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Benchmarks;

/// <summary>The router that one would write first: of the datacenters with enough cores, the one of the
/// largest free share.</summary>
internal static class LeastLoadedScan
{
    public static string? Choose(IReadOnlyList<DatacenterCandidate> datacenters, int cores)
    {
        DatacenterCandidate? best = null;
        foreach (var datacenter in datacenters)
        {
            if (datacenter.Capacity.AvailableCores < cores) continue;
            if (best is null || datacenter.Capacity.Utilization < best.Capacity.Utilization)
                best = datacenter;
        }

        return best?.Name.Text;
    }
}
