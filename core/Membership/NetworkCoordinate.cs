using System.Buffers.Binary;
using System.Collections.Immutable;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Membership;

/// <summary>A predicted round trip in milliseconds.</summary>
/// <param name="RttMs">1 to 10,000.</param>
/// <param name="SigmaMs">Its standard error, 1 to 500.</param>
public readonly record struct RttEstimate(double RttMs, double SigmaMs)
{
    /// <summary>What the round trip hardly ever exceeds: two standard errors more, at most 10,000.</summary>
    public double UcbMs => Math.Min(NetworkCoordinate.RttMaxMs, RttMs + (2 * SigmaMs));
}

/// <summary>A node's place in the network: distances between places are round trips in milliseconds (Vivaldi,
/// Dabek et al. 2004).</summary>
/// <param name="Axes">Of the Euclidean part.</param>
/// <param name="Height">What every round trip of the node costs whatever its direction: its access
/// link.</param>
/// <param name="Adjustment">Added to every distance of the node; may be negative (Ledlie et al.
/// 2007).</param>
/// <param name="Error">Relative error of the node's predictions, without unit.</param>
public sealed record NetworkCoordinate(
    ImmutableArray<double> Axes, double Height, double Adjustment, double Error)
{
    public const int Dimensions = 8;
    public const double RttMinMs = 1;
    public const double RttMaxMs = 10_000;
    public const double ErrorMin = 0.05;
    public const double ErrorMax = 1.5;

    private const double SigmaMinMs = 1;
    private const double SigmaMaxMs = 500;

    // Eight axes, height, adjustment and error, each a single.
    private const int PackedBytes = (Dimensions + 3) * sizeof(float);

    /// <summary>Whether a peer's coordinate is taken: finite, of the right dimensions, within
    /// bounds.</summary>
    public bool IsValid =>
        Axes.Length == Dimensions
        && Axes.All(axis => Math.Abs(axis) <= RttMaxMs)
        && Height is >= 0 and <= RttMaxMs
        && Math.Abs(Adjustment) <= RttMaxMs
        && Error is >= ErrorMin and <= ErrorMax;

    public double DistanceTo(NetworkCoordinate other)
    {
        var raw = RawDistanceTo(other);
        var adjusted = raw + (Adjustment + other.Adjustment);
        return adjusted > 0 ? adjusted : raw;
    }

    /// <summary>What is predicted of the round trip to another node.</summary>
    public RttEstimate RttTo(NetworkCoordinate other)
    {
        var rtt = Math.Clamp(DistanceTo(other), RttMinMs, RttMaxMs);
        var error = Math.Sqrt((Error * Error) + (other.Error * other.Error));
        return new RttEstimate(rtt, Math.Clamp(rtt * error, SigmaMinMs, SigmaMaxMs));
    }

    public static void Write(FieldWriter writer, NetworkCoordinate coordinate)
    {
        Span<byte> packed = stackalloc byte[PackedBytes];
        var rest = packed;
        foreach (var axis in coordinate.Axes)
        {
            BinaryPrimitives.WriteSingleLittleEndian(rest, (float)axis);
            rest = rest[sizeof(float)..];
        }

        BinaryPrimitives.WriteSingleLittleEndian(rest, (float)coordinate.Height);
        BinaryPrimitives.WriteSingleLittleEndian(rest[sizeof(float)..], (float)coordinate.Adjustment);
        BinaryPrimitives.WriteSingleLittleEndian(rest[(2 * sizeof(float))..], (float)coordinate.Error);
        writer.Bytes(1, packed);
    }

    public static NetworkCoordinate? Read(ref FieldReader reader)
    {
        NetworkCoordinate? coordinate = null;
        while (reader.Next(out var field))
            if (field == 1) coordinate = Unpack(ref reader);
        reader.Require(1, "packed");
        if (coordinate is { IsValid: false }) reader.Fail("the coordinate is out of bounds");
        return reader.Fault is null ? coordinate : null;
    }

    internal double RawDistanceTo(NetworkCoordinate other)
    {
        var sum = 0.0;
        for (var i = 0; i < Dimensions; i++)
        {
            var difference = Axes[i] - other.Axes[i];
            sum += difference * difference;
        }

        return Math.Sqrt(sum) + (Height + other.Height);
    }

    private static NetworkCoordinate? Unpack(ref FieldReader reader)
    {
        var packed = reader.Bytes("packed", PackedBytes);
        if (reader.Fault is not null) return null;
        if (packed.Length != PackedBytes)
        {
            reader.Fail($"packed has {packed.Length} bytes; {PackedBytes} are needed");
            return null;
        }

        var axes = ImmutableArray.CreateBuilder<double>(Dimensions);
        for (var i = 0; i < Dimensions; i++)
            axes.Add(BinaryPrimitives.ReadSingleLittleEndian(packed[(i * sizeof(float))..]));
        var rest = packed[(Dimensions * sizeof(float))..];
        return new NetworkCoordinate(
            axes.ToImmutable(),
            BinaryPrimitives.ReadSingleLittleEndian(rest),
            BinaryPrimitives.ReadSingleLittleEndian(rest[sizeof(float)..]),
            BinaryPrimitives.ReadSingleLittleEndian(rest[(2 * sizeof(float))..]));
    }
}
