namespace Hyperscale.Det.Kernel;

/// <summary>A deterministic state machine: the same inputs at the same instants give the same effects and
/// the same state, always.</summary>
/// <remarks>A machine never reads a clock, draws unseeded randomness, does IO or blocks. Deadlines are state:
/// the owner steps the machine with its tick input once <see cref="NextDeadline"/> is due.</remarks>
public interface IMachine<in TInput, TEffect, out TVerdict>
    where TVerdict : struct, Enum
{
    /// <summary>When the machine wants its next tick; <see cref="Instant.Never"/> when it waits for
    /// nothing.</summary>
    Instant NextDeadline { get; }

    /// <summary>Takes one input and leaves its effects, in order, in <paramref name="outbox"/>.</summary>
    TVerdict Step(TInput input, Instant now, Outbox<TEffect> outbox);

    /// <summary>Throws <see cref="InvariantViolationException"/> when the state breaks a rule of its
    /// own.</summary>
    void CheckInvariants();

    /// <summary>Mixes everything that later steps depend on into <paramref name="fingerprint"/>.</summary>
    void AddTo(ref Fingerprint fingerprint);
}
