using CsCheck;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class FingerprintTests
{
    [Fact]
    public void Equal_sequences_have_equal_fingerprints() => Gen.ULong.List[0, 20].Sample(values =>
        Assert.Equal(Of(values), Of([.. values])));

    [Fact]
    public void A_change_anywhere_shows() =>
        Gen.Select(Gen.ULong.List[1, 20], Gen.Int, Gen.ULong[1, ulong.MaxValue]).Sample(
            (values, at, difference) =>
            {
                var changed = values.ToList();
                changed[(at & int.MaxValue) % values.Count] ^= difference;
                Assert.NotEqual(Of(values), Of(changed));
            });

    [Fact]
    public void Order_shows() => Gen.Select(Gen.ULong, Gen.ULong).Where((a, b) => a != b).Sample((a, b) =>
        Assert.NotEqual(Of([a, b]), Of([b, a])));

    [Fact]
    public void Zeros_count() =>
        Assert.Equal(50, Enumerable.Range(0, 50).Select(n => Of(new ulong[n])).Distinct().Count());

    [Fact]
    public void Texts_bytes_and_flags_of_any_length_are_told_apart()
    {
        ulong[] values =
        [
            With((ref Fingerprint f) => f.Add((string?)null)),
            With((ref Fingerprint f) => f.Add("")),
            With((ref Fingerprint f) => f.Add("a")),
            With((ref Fingerprint f) => f.Add("ab")),
            With((ref Fingerprint f) =>
            {
                f.Add("a");
                f.Add("b");
            }),
            With((ref Fingerprint f) => f.Add(true)),
            With((ref Fingerprint f) => f.Add(false)),
            With((ref Fingerprint f) => f.Add(new byte[8])),
            With((ref Fingerprint f) => f.Add(new byte[9])),
            With((ref Fingerprint f) => f.Add(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 1 })),
            With((ref Fingerprint f) => f.Add(-2L)),
            With((ref Fingerprint f) => f.Add(Instant.Never)),
            With((ref Fingerprint f) => f.Add(NodeId.Of("gate-1"))),
        ];

        Assert.Equal(values.Length, values.Distinct().Count());
    }

    [Fact]
    public void A_fingerprint_is_the_same_on_every_host() => Assert.Equal(
        "0737ac19d987d01c",
        Shown((ref Fingerprint f) =>
        {
            f.Add(42L);
            f.Add("gate-1");
            f.Add(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 });
            f.Add(true);
        }));

    private delegate void Adding(ref Fingerprint fingerprint);

    private static ulong Of(IEnumerable<ulong> values) => With((ref Fingerprint f) =>
    {
        foreach (var value in values) f.Add(value);
    });

    private static ulong With(Adding add)
    {
        var fingerprint = new Fingerprint();
        add(ref fingerprint);
        return fingerprint.Value;
    }

    private static string Shown(Adding add)
    {
        var fingerprint = new Fingerprint();
        add(ref fingerprint);
        return fingerprint.ToString();
    }
}
