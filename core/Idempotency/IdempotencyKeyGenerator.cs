using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Idempotency;

/// <summary>Makes a client's keys, one for each new request; a retry takes the key it had.</summary>
/// <param name="clientId">Stays the same for ever.</param>
/// <param name="firstSequence">Above every sequence that the client has used: whoever owns the generator
/// keeps <see cref="NextSequence"/> durably before a key of it is used.</param>
/// <param name="nonce">Drawn anew at each start of the client: should the kept sequence be lost, the keys
/// still differ from those of earlier starts.</param>
public sealed class IdempotencyKeyGenerator(string clientId, long firstSequence, ulong nonce)
{
    /// <summary>The sequence of the next key.</summary>
    public long NextSequence { get; private set; } = firstSequence;

    public IdempotencyKey Next()
    {
        Invariant.Holds(NextSequence >= 0 && NextSequence < long.MaxValue);
        return IdempotencyKey.Of(clientId, NextSequence++, nonce);
    }
}
