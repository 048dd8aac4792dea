using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>Who waits for an answer: another node by its call, or, with the default
/// <paramref name="From"/>, a client of this process by its request.</summary>
public readonly record struct Caller(NodeId From, long Id) : IComparable<Caller>
{
    public bool IsLocal => From == default;

    public static Caller Local(long requestId) => new(default, requestId);

    public int CompareTo(Caller other)
    {
        var order = From.CompareTo(other.From);
        return order != 0 ? order : Id.CompareTo(other.Id);
    }

    public static bool operator <(Caller a, Caller b) => a.CompareTo(b) < 0;

    public static bool operator >(Caller a, Caller b) => a.CompareTo(b) > 0;

    public static bool operator <=(Caller a, Caller b) => a.CompareTo(b) <= 0;

    public static bool operator >=(Caller a, Caller b) => a.CompareTo(b) >= 0;

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(From);
        fingerprint.Add(Id);
    }
}
