using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

public enum CircuitState : byte
{
    Closed,

    /// <summary>Nothing is sent.</summary>
    Open,

    /// <summary>Requests are tried: the first result closes it, or opens it again.</summary>
    HalfOpen,
}

/// <summary>A gate's circuit breaker for one manager: three errors within 30 s open it, after 10 s
/// requests try whether it is well again.</summary>
/// <remarks>"Pending" and "no capacity" are answers, not errors.</remarks>
public sealed class ManagerCircuit
{
    public const int ErrorsMax = 3;

    public static readonly Duration Window = Duration.FromSeconds(30);
    public static readonly Duration OpenFor = Duration.FromSeconds(10);

    // The last ones while the circuit is closed, the oldest first.
    private readonly Queue<Instant> _errors = new(ErrorsMax);
    private Instant? _openedAt;

    /// <summary>When it opened, the last time; null while it is closed.</summary>
    public Instant? OpenedAt => _openedAt;

    public CircuitState StateAt(Instant now) =>
        _openedAt is not { } openedAt ? CircuitState.Closed
        : now - openedAt < OpenFor ? CircuitState.Open
        : CircuitState.HalfOpen;

    /// <summary>A request was answered, whatever the answer said.</summary>
    public void OnAnswer()
    {
        _errors.Clear();
        _openedAt = null;
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
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(_openedAt ?? Instant.Never);
        foreach (var at in _errors) fingerprint.Add(at);
    }

    private void Open(Instant now)
    {
        _errors.Clear();
        _openedAt = now;
    }
}
