using System.Collections.Immutable;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Slo;

/// <summary>A latency digest as numbered fields: minimum and maximum in nanoseconds, then for each centroid
/// the distance of its mean from the one before, the first from the minimum, and its weight.</summary>
public static class LatencyDigestFields
{
    private const int BytesMax = LatencyDigest.CentroidsMax * 2 * Varint.BytesMax;

    public static void Write(FieldWriter writer, LatencyDigest digest)
    {
        writer.Number(1, digest.Min.Nanoseconds);
        writer.Number(2, digest.Max.Nanoseconds);
        var mark = writer.Begin(3);
        var last = digest.Min.Nanoseconds;
        foreach (var (mean, weight) in digest.Centroids)
        {
            writer.Packed((ulong)(mean - last));
            writer.Packed((ulong)weight);
            last = mean;
        }

        writer.End(mark);
    }

    public static LatencyDigest? Read(ref FieldReader reader)
    {
        long min = 0, max = 0;
        ImmutableArray<Centroid> centroids = [];
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: min = reader.Number("min", 0, LatencyDigest.LatencyMax.Nanoseconds); break;
                case 2: max = reader.Number("max", 0, LatencyDigest.LatencyMax.Nanoseconds); break;
                case 3: centroids = ReadCentroids(ref reader); break;
                default: break;
            }
        }

        reader.Require(1, "min");
        reader.Require(2, "max");
        reader.Require(3, "centroids");
        if (reader.Fault is not null) return null;
        centroids = [.. centroids.Select(c => c with { MeanNanoseconds = c.MeanNanoseconds + min })];
        if (LatencyDigest.TryCreate(centroids, new(min), new(max), out var digest)) return digest;
        reader.Fail("centroids, min and max contradict each other");
        return null;
    }

    /// <summary>Centroids as if the minimum were 0: it may come later.</summary>
    private static ImmutableArray<Centroid> ReadCentroids(ref FieldReader reader)
    {
        var rest = reader.Bytes("centroids", BytesMax);
        var centroids = ImmutableArray.CreateBuilder<Centroid>(
            Math.Min(rest.Length / 2, LatencyDigest.CentroidsMax));
        var mean = 0L;
        while (!rest.IsEmpty)
        {
            if (!Varint.TryRead(ref rest, out var step) || !Varint.TryRead(ref rest, out var weight))
            {
                reader.Fail("centroids are cut off");
                return [];
            }

            if (step > (ulong)(LatencyDigest.LatencyMax.Nanoseconds - mean) || weight > TDigest.CountMax)
            {
                reader.Fail($"centroids hold a step of {step} and a weight of {weight}");
                return [];
            }

            if (centroids.Count == LatencyDigest.CentroidsMax)
            {
                reader.Fail($"centroids are more than {LatencyDigest.CentroidsMax}");
                return [];
            }

            mean += (long)step;
            centroids.Add(new Centroid(mean, (long)weight));
        }

        return centroids.DrainToImmutable();
    }
}
