using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

/// <summary>What a node thinks of one other member.</summary>
internal sealed class Member(NodeId node)
{
    private static readonly Duration RttMax = Duration.FromSeconds(10);

    private readonly SortedSet<NodeId> _accusers = [];
    private Duration _deviation;

    public NodeId Node { get; } = node;

    public Incarnation Incarnation { get; private set; }

    public MemberState State { get; private set; }

    public Instant SuspectedAt { get; private set; }

    /// <summary>Smoothed time to an answer; zero before the first.</summary>
    public Duration Rtt { get; private set; }

    /// <summary>What an answer hardly ever exceeds: the mean and four deviations (Jacobson).</summary>
    public Duration RttBound => Rtt + (_deviation * 4);

    /// <summary>How many members, each by itself, found it silent.</summary>
    public int Accusers => _accusers.Count;

    /// <summary>What is told of this member; of several accusers, always the same one.</summary>
    public MemberUpdate Update =>
        new(Node, Incarnation, State, State == MemberState.Suspect ? _accusers.Min : Node);

    /// <summary>Whether the update says something newer than is known. A newer claim to be alive ends all
    /// talk of older ones; of one claim, what is worse is newer.</summary>
    public bool IsNews(MemberUpdate update) =>
        State == MemberState.Unconfirmed
            ? update.State is MemberState.Alive or MemberState.Dead
            : update.Incarnation > Incarnation
                || (update.Incarnation == Incarnation && update.State > State);

    /// <summary>Whether the update is one more voice in the suspicion that stands.</summary>
    public bool IsNewAccuser(MemberUpdate update) =>
        State == MemberState.Suspect && update.State == MemberState.Suspect
        && update.Incarnation == Incarnation && !_accusers.Contains(update.Accuser);

    public void Take(MemberUpdate update, Instant now)
    {
        Invariant.Holds(IsNews(update));
        (Incarnation, State) = (update.Incarnation, update.State);
        _accusers.Clear();
        if (State != MemberState.Suspect) return;
        SuspectedAt = now;
        _accusers.Add(update.Accuser);
    }

    public void Accuse(NodeId accuser) => _accusers.Add(accuser);

    /// <summary>Takes a measured time to an answer; false when it is outside (0, 10 s].</summary>
    public bool TryMeasure(Duration rtt)
    {
        if (rtt <= Duration.Zero || rtt > RttMax) return false;
        if (Rtt == Duration.Zero)
        {
            (Rtt, _deviation) = (rtt, rtt / 2);
            return true;
        }

        var error = rtt - Rtt;
        _deviation += (new Duration(Math.Abs(error.Nanoseconds)) - _deviation) / 4;
        Rtt += error / 8;
        return true;
    }

    public void CheckInvariants()
    {
        Invariant.Holds(Accusers == 0 == (State != MemberState.Suspect));
        Invariant.Holds(!_accusers.Contains(Node));
        Invariant.Holds(Rtt >= Duration.Zero && Rtt <= RttMax && _deviation >= Duration.Zero);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Node);
        Incarnation.AddTo(ref fingerprint);
        fingerprint.Add((ulong)State);
        fingerprint.Add(SuspectedAt);
        fingerprint.Add(Rtt.Nanoseconds);
        fingerprint.Add(_deviation.Nanoseconds);
        fingerprint.Add((long)_accusers.Count);
        foreach (var accuser in _accusers) fingerprint.Add(accuser);
    }
}
