using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

public enum CircuitState : byte
{
    Closed,

    /// <summary>Nothing is sent.</summary>
    Open,

    /// <summary>One request at a time is tried.</summary>
    HalfOpen,
}

/// <summary>A gate's circuit breaker for one manager: three errors within 30 s open it, after 10 s one
/// request tries whether it is well again.</summary>
/// <remarks>"Pending" and "no capacity" are answers, not errors.</remarks>
public sealed class ManagerCircuit
{
    public const int ErrorsMax = 3;

    public static readonly Duration Window = Duration.FromSeconds(30);
    public static readonly Duration OpenFor = Duration.FromSeconds(10);

    // The last ones while the circuit is closed, the oldest first.
    private readonly Queue<Instant> _errors = new(ErrorsMax);
    private Instant? _openedAt;
    private Instant? _triedAt;

    /// <summary>When it opened, the last time; null while it is closed.</summary>
    public Instant? OpenedAt => _openedAt;

    public CircuitState StateAt(Instant now) =>
        _openedAt is not { } openedAt ? CircuitState.Closed
        : now - openedAt < OpenFor ? CircuitState.Open
        : CircuitState.HalfOpen;

    /// <summary>Whether a request may be sent now; through a half-open circuit one passes, and the next after
    /// its result, or after as long as a circuit stays open.</summary>
    public bool TryPass(Instant now)
    {
        var state = StateAt(now);
        if (state == CircuitState.Closed) return true;
        if (state == CircuitState.Open || (_triedAt is { } triedAt && now - triedAt < OpenFor)) return false;
        _triedAt = now;
        return true;
    }

    /// <summary>A request was answered, whatever the answer said.</summary>
    public void OnAnswer()
    {
        _errors.Clear();
        (_openedAt, _triedAt) = (null, null);
    }

    /// <summary>A request failed, or was not answered in time.</summary>
    public void OnError(Instant now)
    {
        if (StateAt(now) == CircuitState.HalfOpen) Open(now);
        if (_openedAt is not null) return;
        _errors.Enqueue(now);
        while (now - _errors.Peek() > Window) _errors.Dequeue();
        if (_errors.Count == ErrorsMax) Open(now);
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_errors.Count < ErrorsMax);
        Invariant.Holds(_openedAt is null || _errors.Count == 0);
        Invariant.Holds(_triedAt is null || _openedAt is not null);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_openedAt ?? Instant.Never);
        fingerprint.Add(_triedAt ?? Instant.Never);
        foreach (var at in _errors) fingerprint.Add(at);
    }

    private void Open(Instant now)
    {
        _errors.Clear();
        (_openedAt, _triedAt) = (now, null);
    }
}
