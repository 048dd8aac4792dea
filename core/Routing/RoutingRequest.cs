using System.Globalization;
using System.Numerics;
using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Routing;

/// <summary>What jobs that are routed alike have in common: how many datacenters, about how many cores, and
/// which datacenters they name.</summary>
public readonly record struct JobClass : IHashed
{
    private readonly string? _text;

    private JobClass(string text)
    {
        _text = text;
        Hash = Rng.Mix(Rng.HashText(text));
    }

    /// <summary>For example <c>2x8 prefer east,west</c>: two datacenters with 5 to 8 cores each.</summary>
    public string Text => _text ?? "";

    /// <inheritdoc/>
    public ulong Hash { get; }

    internal static JobClass Of(
        int count, int cores, IReadOnlyList<string> preferred, IReadOnlyList<string> only)
    {
        var bucket = BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, cores));
        var head = string.Create(CultureInfo.InvariantCulture, $"{count}x{bucket}");
        return new JobClass($"{head}{Listed(" prefer ", preferred)}{Listed(" only ", only)}");
    }

    public bool Equals(JobClass other) =>
        Hash == other.Hash && string.Equals(Text, other.Text, StringComparison.Ordinal);

    public override int GetHashCode() => unchecked((int)Hash);

    public override string ToString() => Text;

    private static string Listed(string mark, IReadOnlyList<string> names) => names.Count == 0
        ? ""
        : mark + string.Join(',', names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
}

/// <summary>What a job wants of the router.</summary>
public sealed class RoutingRequest
{
    private readonly DatacenterName[] _preferred;
    private readonly DatacenterName[] _only;

    /// <param name="count">Datacenters; 1 or more.</param>
    /// <param name="coresRequired">That the job needs at once in each of them.</param>
    /// <param name="preferred">They get a bonus, and nothing else.</param>
    /// <param name="only">When not empty, no other is used.</param>
    public RoutingRequest(
        int count, int coresRequired, IReadOnlyList<string> preferred, IReadOnlyList<string> only)
    {
        Invariant.Holds(count >= 1);
        (Count, CoresRequired, Preferred, Only) = (count, coresRequired, preferred, only);
        Class = JobClass.Of(count, coresRequired, preferred, only);
        _preferred = [.. preferred.Select(DatacenterName.Of)];
        _only = [.. only.Select(DatacenterName.Of)];
    }

    public int Count { get; }

    public int CoresRequired { get; }

    public IReadOnlyList<string> Preferred { get; }

    public IReadOnlyList<string> Only { get; }

    public JobClass Class { get; }

    public bool Prefers(in DatacenterName datacenter) => Contains(_preferred, datacenter);

    public bool Allows(in DatacenterName datacenter) => _only.Length == 0 || Contains(_only, datacenter);

    private static bool Contains(DatacenterName[] names, in DatacenterName datacenter)
    {
        foreach (ref readonly var name in names.AsSpan())
            if (name.Equals(datacenter)) return true;
        return false;
    }
}
