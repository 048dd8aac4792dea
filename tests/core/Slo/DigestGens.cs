using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Slo;

internal static class DigestGens
{
    public static readonly Gen<LatencyDigest> Latency =
        Gen.Select(Gen.Long[0, LatencyDigest.LatencyMax.Nanoseconds], Gen.Long[1, 1_000_000_000])
            .List[0, 40]
            .Select(pairs => LatencyDigest.From(
                pairs.Select(pair => (new Duration(pair.Item1), pair.Item2))));
}
