using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Membership;

/// <summary>What a node thinks of one other member.</summary>
internal sealed class Member(NodeId node)
{
    private readonly SortedSet<NodeId> _accusers = [];

    public NodeId Node { get; } = node;

    public BootId Boot { get; private set; }

    public long Incarnation { get; private set; }

    public MemberState State { get; private set; }

    public Instant SuspectedAt { get; private set; }

    /// <summary>When the suspicion becomes certain; <see cref="Instant.Never"/> without one.</summary>
    public Instant DeadAt { get; set; } = Instant.Never;

    /// <summary>Smoothed time to an answer and its deviation; zero before the first.</summary>
    public Duration Rtt { get; private set; }

    public Duration RttDeviation { get; private set; }

    public int Accusers => _accusers.Count;

    public MemberUpdate Update(NodeId accuser) => new(Node, Boot, Incarnation, State, accuser);

    /// <summary>Whether the update says something newer than is known. A newer life wins whatever its
    /// incarnation; boots rise with every start of one node.</summary>
    public bool IsNews(MemberUpdate update)
    {
        if (update.Boot.Value != Boot.Value) return update.Boot.Value > Boot.Value;
        if (update.Incarnation != Incarnation) return update.Incarnation > Incarnation;
        return update.State > State;
    }

    /// <summary>Whether the update is one more voice in the suspicion that stands.</summary>
    public bool IsNewAccuser(MemberUpdate update) =>
        State == MemberState.Suspect && update.State == MemberState.Suspect
        && update.Boot == Boot && update.Incarnation == Incarnation && !_accusers.Contains(update.Accuser);

    public void Take(MemberUpdate update, Instant now)
    {
        (Boot, Incarnation, State) = (update.Boot, update.Incarnation, update.State);
        _accusers.Clear();
        DeadAt = Instant.Never;
        if (State != MemberState.Suspect) return;
        SuspectedAt = now;
        _accusers.Add(update.Accuser);
    }

    public void Accuse(NodeId accuser) => _accusers.Add(accuser);

    /// <summary>Jacobson's estimator: what four deviations above the mean do not cover is a
    /// timeout.</summary>
    public void Answered(Duration rtt)
    {
        if (Rtt == Duration.Zero)
        {
            (Rtt, RttDeviation) = (rtt, rtt / 2);
            return;
        }

        var error = rtt - Rtt;
        RttDeviation += (new Duration(Math.Abs(error.Nanoseconds)) - RttDeviation) / 4;
        Rtt += error / 8;
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Node);
        fingerprint.Add(Boot.Value);
        fingerprint.Add(Incarnation);
        fingerprint.Add((ulong)State);
        fingerprint.Add(SuspectedAt);
        fingerprint.Add(DeadAt);
        fingerprint.Add(Rtt.Nanoseconds);
        fingerprint.Add(RttDeviation.Nanoseconds);
        foreach (var accuser in _accusers) fingerprint.Add(accuser);
    }
}
