using System.Security.Cryptography;
using CsCheck;
using Hyperscale.Det.Idempotency;

namespace Hyperscale.Det.Tests.Core.Idempotency;

public sealed class IdempotencyKeyTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("order 4711/2")]
    [InlineData("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"")]
    public void Printable_text_is_a_key(string text)
    {
        Assert.True(IdempotencyKey.TryParse(text, out var key));
        Assert.Equal(text, key.Text);
        Assert.False(key.TryGetSequence(out _, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" a")]
    [InlineData("a ")]
    [InlineData("a\tb")]
    [InlineData("na\u00efve")]
    [InlineData("a\u007f")]
    public void Other_text_is_no_key(string? text) => Assert.False(IdempotencyKey.TryParse(text, out _));

    [Fact]
    public void A_key_has_at_most_255_characters()
    {
        Assert.True(IdempotencyKey.TryParse(new string('k', 255), out _));
        Assert.False(IdempotencyKey.TryParse(new string('k', 256), out _));
    }

    [Fact]
    public void A_structured_key_is_read_from_the_right()
    {
        var key = IdempotencyKey.Of("team:a:host-1", 42, 0x0123_4567_89ab_cdef);

        Assert.Equal("team:a:host-1:42:0123456789abcdef", key.Text);
        Assert.True(key.TryGetSequence(out var series, out var sequence));
        Assert.Equal(new KeySeries("team:a:host-1", 0x0123_4567_89ab_cdef), series);
        Assert.Equal(42, sequence);
    }

    [Theory]
    [InlineData("c:1:0123456789ABCDEF")]
    [InlineData("c:01:0123456789abcdef")]
    [InlineData("c:-1:0123456789abcdef")]
    [InlineData("c:1:123456789abcdef")]
    [InlineData("c::0123456789abcdef")]
    [InlineData(":1:0123456789abcdef")]
    [InlineData("1:0123456789abcdef")]
    [InlineData("c:9223372036854775808:0123456789abcdef")]
    public void What_no_client_of_ours_would_write_is_opaque(string text) =>
        Assert.False(KeyGens.Opaque(text).TryGetSequence(out _, out _));

    [Fact]
    public void Every_structured_key_reads_back() =>
        Gen.Select(Gen.String[Gen.Char[' ', '~'], 1, 218], Gen.Long[0, long.MaxValue], Gen.ULong)
            .Where((client, _, _) => IdempotencyKey.IsClientId(client))
            .Sample((client, sequence, nonce) =>
            {
                Assert.True(
                    IdempotencyKey.TryParse(IdempotencyKey.Of(client, sequence, nonce).Text, out var key));
                Assert.True(key.TryGetSequence(out var series, out var read));
                Assert.Equal((new KeySeries(client, nonce), sequence), (series, read));
            });

    [Fact]
    public void A_name_that_leaves_no_room_is_no_clients_name()
    {
        Assert.True(IdempotencyKey.IsClientId(new string('c', IdempotencyKey.ClientIdLengthMax)));
        Assert.False(IdempotencyKey.IsClientId(new string('c', IdempotencyKey.ClientIdLengthMax + 1)));
        Assert.Throws<ArgumentException>(() => IdempotencyKey.Of("", 1, 1));
    }

    [Fact]
    public void Each_request_has_the_next_sequence_and_a_new_start_another_nonce()
    {
        var generator = new IdempotencyKeyGenerator("c", 7, 0xab);
        Assert.Equal("c:7:00000000000000ab", generator.Next().Text);
        Assert.Equal("c:8:00000000000000ab", generator.Next().Text);
        Assert.Equal(9, generator.NextSequence);

        var later = new IdempotencyKeyGenerator("c", generator.NextSequence, 0xcd);
        Assert.Equal("c:9:00000000000000cd", later.Next().Text);
    }

    [Fact]
    public void A_fingerprint_is_the_start_of_the_digest() => Gen.Byte.Array[0, 300].Sample(bytes =>
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(bytes)[..16]),
            PayloadFingerprint.Of(bytes).ToString()));

    [Fact]
    public void Keys_differ_by_every_character_and_equal_ones_have_equal_hashes() =>
        Gen.Select(KeyGens.Key, KeyGens.Key).Sample((a, b) =>
        {
            Assert.Equal(a.Text == b.Text, a == b);
            Assert.Equal(KeyGens.Opaque(a.Text).Hash, a.Hash);
            Assert.Equal(a == b, a.CompareTo(b) == 0);
        });
}
