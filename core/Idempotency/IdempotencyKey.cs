using System.Globalization;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Idempotency;

/// <summary>What a client calls a request, so that repeats of it are known (AD-40): any text of 1 to 255
/// printable ASCII characters that neither begins nor ends with a blank.</summary>
/// <remarks>Our own clients write <c>client_id:sequence:nonce</c>: any text, a 64-bit number that rises by
/// one with each new request, and the 16 hexadecimal digits that the client drew when it started. It is read
/// from the right, as the first part may hold colons.</remarks>
public readonly record struct IdempotencyKey : IComparable<IdempotencyKey>, IHashed
{
    public const int LengthMax = 255;

    /// <summary>What <see cref="TryParse"/> accepts, for error messages.</summary>
    public const string Grammar =
        "1 to 255 printable ASCII characters, the first and the last of them no blank";

    private const int NonceDigits = 16;

    private readonly string? _text;

    private IdempotencyKey(string text)
    {
        _text = text;
        Hash = Rng.Mix(Rng.HashText(text));
    }

    public string Text => _text ?? "";

    /// <inheritdoc/>
    public ulong Hash { get; }

    /// <summary>The structured key of a client's request; the client's name has to leave room for the
    /// rest.</summary>
    /// <exception cref="ArgumentException">The client's name is not valid; check outside input with
    /// <see cref="IsClientId"/> first.</exception>
    public static IdempotencyKey Of(string clientId, long sequence, ulong nonce) =>
        IsClientId(clientId) && sequence >= 0
            ? new IdempotencyKey(
                string.Create(CultureInfo.InvariantCulture, $"{clientId}:{sequence}:{nonce:x16}"))
            : throw new ArgumentException(
                $"'{clientId}', {sequence}: a name of 1 to {ClientIdLengthMax} printable characters and a "
                + "number from 0 are needed", nameof(clientId));

    /// <summary>A client's name at its longest: two colons, 19 digits and the nonce fit behind it.</summary>
    public const int ClientIdLengthMax = LengthMax - 1 - 19 - 1 - NonceDigits;

    public static bool IsClientId(string? text) =>
        text is { Length: > 0 and <= ClientIdLengthMax } && IsPrintable(text) && text[0] != ' ';

    public static bool TryParse(string? text, out IdempotencyKey key)
    {
        var isKey = text is { Length: > 0 and <= LengthMax }
            && IsPrintable(text) && text[0] != ' ' && text[^1] != ' ';
        key = isKey ? new IdempotencyKey(text!) : default;
        return isKey;
    }

    /// <summary>Takes a structured key apart; false for an opaque one, which is every key that
    /// <see cref="Of"/> would have written otherwise.</summary>
    public bool TryGetSequence(out KeySeries series, out long sequence)
    {
        series = default;
        sequence = 0;
        var text = Text;
        var second = text.Length - NonceDigits - 1;
        if (second < 1 || text[second] != ':') return false;
        var first = text.LastIndexOf(':', second - 1);
        if (first < 1) return false;
        var digits = text.AsSpan(first + 1, second - first - 1);
        if (digits.IsEmpty || (digits[0] == '0' && digits.Length > 1)) return false;
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out sequence))
            return false;
        var hex = text.AsSpan(second + 1);
        foreach (var c in hex) if (!char.IsAsciiHexDigitLower(c)) return false;
        var nonce = ulong.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        series = new KeySeries(text[..first], nonce);
        return true;
    }

    public bool Equals(IdempotencyKey other) => string.Equals(Text, other.Text, StringComparison.Ordinal);

    public override int GetHashCode() => unchecked((int)Hash);

    public int CompareTo(IdempotencyKey other) => string.CompareOrdinal(Text, other.Text);

    public static bool operator <(IdempotencyKey a, IdempotencyKey b) => a.CompareTo(b) < 0;

    public static bool operator >(IdempotencyKey a, IdempotencyKey b) => a.CompareTo(b) > 0;

    public static bool operator <=(IdempotencyKey a, IdempotencyKey b) => a.CompareTo(b) <= 0;

    public static bool operator >=(IdempotencyKey a, IdempotencyKey b) => a.CompareTo(b) >= 0;

    public override string ToString() => Text;

    private static bool IsPrintable(string text)
    {
        foreach (var c in text) if (c is < ' ' or > '~') return false;
        return true;
    }
}

/// <summary>One start of one client: its structured keys differ in nothing but the sequence.</summary>
public readonly record struct KeySeries(string ClientId, ulong Nonce) : IHashed
{
    /// <inheritdoc/>
    public ulong Hash => Rng.Mix(Rng.HashText(ClientId) ^ Rng.Mix(Nonce));

    public bool Equals(KeySeries other) =>
        Nonce == other.Nonce && string.Equals(ClientId, other.ClientId, StringComparison.Ordinal);

    public override int GetHashCode() => unchecked((int)Hash);
}
