using CsCheck;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Idempotency;

internal static class KeyGens
{
    private static readonly NodeId[] Gates = [NodeId.Of("gate-1"), NodeId.Of("gate-2")];

    public static readonly Gen<IdempotencyKey> Key = Gen.OneOf(
        Gen.String[Gen.Char['!', '~'], 1, 40].Select(Opaque),
        Gen.Select(
            Gen.String[Gen.Char['!', '~'], 1, 20], Gen.Long[0, long.MaxValue], Gen.ULong,
            IdempotencyKey.Of));

    public static readonly Gen<PayloadFingerprint> Fingerprint =
        Gen.Select(Gen.ULong, Gen.ULong, (high, low) => new PayloadFingerprint(high, low));

    public static readonly Gen<IdempotencyReservedEvent> Reserved = Gen.Select(
        Key, Fingerprint, Gen.Int[0, 1],
        (key, fingerprint, gate) => new IdempotencyReservedEvent(key, fingerprint, Gates[gate]));

    public static readonly Gen<KeyRetention> Retention = Gen.Select(
        Gen.Long[1, 1_000_000_000_000], Gen.Long[1, 1_000_000_000_000], Gen.Int[1, 1000],
        (committed, rejected, entries) =>
            new KeyRetention(new Duration(committed), new Duration(rejected), entries));

    public static IdempotencyKey Opaque(string text)
    {
        Assert.True(IdempotencyKey.TryParse(text, out var key));
        return key;
    }

    public static PayloadFingerprint Payload(int n) => PayloadFingerprint.Of([(byte)n]);

    public static IdempotencyReservedEvent Reserve(IdempotencyKey key, int payload = 1) =>
        new(key, Payload(payload), Gates[0]);
}
