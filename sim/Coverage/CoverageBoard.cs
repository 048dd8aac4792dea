using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Sim.Coverage;

/// <summary>What one run met: probes, faults that fired, verdicts by role and input.</summary>
public sealed class CoverageBoard
{
    private readonly long[] _probes = new long[Enum.GetValues<Probe>().Length];
    private readonly long[] _faults = new long[Enum.GetValues<FaultFamily>().Length];
    private readonly SortedDictionary<VerdictKey, long> _verdicts = [];
    private readonly Dictionary<(Type, NodeRole, NodeVerdict), Counter> _fast = [];

    /// <summary>Marks an interesting situation as met.</summary>
    public void Sometimes(Probe probe) => _probes[(int)probe]++;

    public void Fired(FaultFamily family) => _faults[(int)family]++;

    public long Count(Probe probe) => _probes[(int)probe];

    public long Count(FaultFamily family) => _faults[(int)family];

    public void Verdict(NodeRole role, Type input, NodeVerdict verdict)
    {
        if (!_fast.TryGetValue((input, role, verdict), out var counter))
        {
            counter = new Counter(new VerdictKey(role, input.Name, verdict));
            _fast.Add((input, role, verdict), counter);
        }

        counter.Value++;
    }

    public IReadOnlyDictionary<VerdictKey, long> Verdicts
    {
        get
        {
            foreach (var counter in _fast.Values) _verdicts[counter.Key] = counter.Value;
            return _verdicts;
        }
    }

    /// <summary>Adds what another run met.</summary>
    public void Add(CoverageBoard other)
    {
        for (var i = 0; i < _probes.Length; i++) _probes[i] += other._probes[i];
        for (var i = 0; i < _faults.Length; i++) _faults[i] += other._faults[i];
        foreach (var (key, count) in other.Verdicts)
            _verdicts[key] = _verdicts.GetValueOrDefault(key) + count;
    }

    public IEnumerable<Probe> NeverMet => Enum.GetValues<Probe>().Where(probe => Count(probe) == 0);

    private sealed class Counter(VerdictKey key)
    {
        public VerdictKey Key { get; } = key;

        public long Value { get; set; }
    }
}

/// <summary>What a role answered to a kind of input or message.</summary>
public readonly record struct VerdictKey(NodeRole Role, string Input, NodeVerdict Verdict)
    : IComparable<VerdictKey>
{
    public int CompareTo(VerdictKey other)
    {
        var order = Role.CompareTo(other.Role);
        if (order == 0) order = string.CompareOrdinal(Input, other.Input);
        return order != 0 ? order : Verdict.CompareTo(other.Verdict);
    }

    public static bool operator <(VerdictKey a, VerdictKey b) => a.CompareTo(b) < 0;

    public static bool operator >(VerdictKey a, VerdictKey b) => a.CompareTo(b) > 0;

    public static bool operator <=(VerdictKey a, VerdictKey b) => a.CompareTo(b) <= 0;

    public static bool operator >=(VerdictKey a, VerdictKey b) => a.CompareTo(b) >= 0;
}
