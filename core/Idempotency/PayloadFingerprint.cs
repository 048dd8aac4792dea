using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Idempotency;

/// <summary>Stands for what a key was used for: the first 16 bytes of the SHA-256 of its canonical
/// encoding.</summary>
/// <remarks>Not <c>Kernel.Fingerprint</c>: a client must not be able to make two payloads that look
/// alike.</remarks>
public readonly record struct PayloadFingerprint(ulong High, ulong Low)
{
    public const int Bytes = 16;

    public static PayloadFingerprint Of(ReadOnlySpan<byte> canonical)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(canonical, digest);
        return new PayloadFingerprint(
            BinaryPrimitives.ReadUInt64BigEndian(digest), BinaryPrimitives.ReadUInt64BigEndian(digest[8..]));
    }

    /// <summary>The fingerprint of what <paramref name="write"/> makes of the value; equal values have to
    /// give equal bytes.</summary>
    public static PayloadFingerprint Of<T>(T value, Action<FieldWriter, T> write)
    {
        var writer = new FieldWriter();
        write(writer, value);
        return Of(writer.Written);
    }

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}
