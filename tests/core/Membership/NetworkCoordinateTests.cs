using CsCheck;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Membership;

public sealed class NetworkCoordinateTests
{
    public static readonly Gen<NetworkCoordinate> Any = Gen.Select(
            Gen.Double[-10_000, 10_000].Array[NetworkCoordinate.Dimensions], Gen.Double[0, 10_000],
            Gen.Double[-10_000, 10_000], Gen.Double[NetworkCoordinate.ErrorMin, NetworkCoordinate.ErrorMax])
        .Select((axes, height, adjustment, error) => Rounded(
            new NetworkCoordinate([.. axes], height, adjustment, error)));

    [Fact]
    public void Every_coordinate_comes_back_with_the_precision_of_its_bytes() => Any.Sample(coordinate =>
    {
        var bytes = Bytes(coordinate);
        Assert.Equal(46, bytes.Length);
        Assert.Null(Read(bytes, out var back));
        Assert.Equal(Content.Of(coordinate), Content.Of(back));
    });

    [Fact]
    public void The_distance_is_the_same_both_ways_and_never_negative() =>
        Gen.Select(Any, Any).Sample((a, b) =>
        {
            Assert.Equal(a.DistanceTo(b), b.DistanceTo(a));
            Assert.True(a.DistanceTo(b) >= 0);
            var estimate = a.RttTo(b);
            Assert.InRange(estimate.RttMs, 1, 10_000);
            Assert.InRange(estimate.SigmaMs, 1, 500);
            Assert.InRange(estimate.UcbMs, estimate.RttMs, 10_000);
        });

    [Fact]
    public void The_upper_bound_is_two_errors_above_the_distance()
    {
        var a = At(0) with { Error = 0.3 };
        var b = At(100) with { Error = 0.4 };

        Assert.Equal(new RttEstimate(100, 50), a.RttTo(b));
        Assert.Equal(200, a.RttTo(b).UcbMs);
        Assert.Equal(new RttEstimate(1, 1), a.RttTo(a));
        Assert.Equal(500, a.RttTo(At(5000)).SigmaMs);
    }

    [Fact]
    public void Heights_and_adjustments_are_added()
    {
        var a = At(0) with { Height = 3, Adjustment = -1 };
        var b = At(10) with { Height = 4, Adjustment = 2 };

        Assert.Equal(18, a.DistanceTo(b));
        // What would come out negative is not adjusted.
        Assert.Equal(17, (a with { Adjustment = -100 }).DistanceTo(b));
    }

    [Theory]
    [InlineData(double.NaN, 1, 0, 1)]
    [InlineData(double.PositiveInfinity, 1, 0, 1)]
    [InlineData(10_001, 1, 0, 1)]
    [InlineData(0, -1, 0, 1)]
    [InlineData(0, double.NaN, 0, 1)]
    [InlineData(0, 1, double.NaN, 1)]
    [InlineData(0, 1, -10_001, 1)]
    [InlineData(0, 1, 0, 0.04)]
    [InlineData(0, 1, 0, 1.6)]
    [InlineData(0, 1, 0, double.NaN)]
    public void What_is_out_of_bounds_is_refused(double axis, double height, double adjustment, double error)
    {
        var coordinate = At(axis) with { Height = height, Adjustment = adjustment, Error = error };

        Assert.False(coordinate.IsValid);
        Assert.Equal("the coordinate is out of bounds", Read(Bytes(coordinate), out _));
    }

    [Fact]
    public void Coordinates_of_other_dimensions_are_refused()
    {
        Assert.False((At(0) with { Axes = [0, 0] }).IsValid);
        var writer = new FieldWriter();
        writer.Bytes(1, new byte[40]);
        Assert.Equal("packed has 40 bytes; 44 are needed", Read(writer.Written, out _));
        Assert.Equal("packed is missing", Read([], out _));
    }

    [Fact]
    public void Any_bytes_are_judged() => Gen.Byte.Array[0, 60].Sample(bytes => { Read(bytes, out _); });

    private static NetworkCoordinate At(double axis) => new([axis, 0, 0, 0, 0, 0, 0, 0], 0, 0, 1);

    private static NetworkCoordinate Rounded(NetworkCoordinate coordinate) => new(
        [.. coordinate.Axes.Select(axis => (double)(float)axis)], (float)coordinate.Height,
        (float)coordinate.Adjustment, (float)coordinate.Error);

    private static byte[] Bytes(NetworkCoordinate coordinate)
    {
        var writer = new FieldWriter();
        NetworkCoordinate.Write(writer, coordinate);
        return writer.ToArray();
    }

    private static string? Read(ReadOnlySpan<byte> bytes, out NetworkCoordinate? coordinate)
    {
        var reader = new FieldReader(bytes);
        coordinate = NetworkCoordinate.Read(ref reader);
        Assert.Equal(coordinate is null, reader.Fault is not null);
        return reader.Fault;
    }
}
