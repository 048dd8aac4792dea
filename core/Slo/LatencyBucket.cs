using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Slo;

/// <summary>Latencies of one bucket of time so far: everything in it, so that a newer one replaces an older
/// one.</summary>
/// <param name="Number">From 0; rises from bucket to bucket of whoever measured them.</param>
public sealed record LatencyBucket(long Number, LatencyDigest Latency)
{
    /// <summary>No workload gets as many answers within a bucket; sums over all owners of all jobs can be
    /// counted.</summary>
    public const long CountMax = 1L << 30;

    public static readonly LatencyBucket None = new(0, LatencyDigest.Empty);

    public static void Write(FieldWriter writer, LatencyBucket bucket)
    {
        writer.Number(1, bucket.Number);
        if (bucket.Latency.Count > 0) writer.Nested(2, bucket.Latency, LatencyDigestFields.Write);
    }

    public static LatencyBucket? Read(ref FieldReader reader)
    {
        var number = 0L;
        var latency = LatencyDigest.Empty;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: number = reader.Number("number", 0); break;
                case 2: latency = reader.Nested("latency", LatencyDigestFields.Read) ?? latency; break;
                default: break;
            }
        }

        reader.Require(1, "number");
        if (latency.Count > CountMax)
            reader.Fail($"latency counts {latency.Count}; at most {CountMax} are allowed");
        return reader.Fault is null ? new LatencyBucket(number, latency) : null;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Number);
        Latency.AddTo(ref fingerprint);
    }
}
