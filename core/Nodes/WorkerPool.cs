using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>A registered worker, for whoever looks from outside.</summary>
/// <param name="FreeCores">Cores that no live or proposed attempt of the worker holds.</param>
public readonly record struct WorkerView(NodeId Id, BootId Boot, int Cores, int FreeCores);

/// <summary>The workers that a primary manager counts on, and which of their cores are free.</summary>
/// <remarks>Work goes to the worker with the most free cores, ties by name: load generators that share a host
/// disturb each other's measurements, so they are spread. That no large workflow starves is the business of
/// <see cref="Held"/>: a worker set aside for one workflow takes nothing else.</remarks>
internal sealed class WorkerPool
{
    private readonly SortedDictionary<NodeId, Member> _members = [];
    private readonly SortedSet<FreeEntry> _byFree = [];
    private readonly SortedDictionary<int, int> _bySize = [];

    public int Count => _members.Count;

    public int CoresTotal { get; private set; }

    public int CoresFree { get; private set; }

    /// <summary>Cores of the largest worker; 0 without one.</summary>
    public int LargestCores => _bySize.Count == 0 ? 0 : _bySize.Keys.Last();

    /// <summary>The worker that is set aside until the workflow that has waited longest fits on it.</summary>
    public NodeId? Held { get; set; }

    public IEnumerable<WorkerView> Views =>
        _members.Select(m => new WorkerView(m.Key, m.Value.Boot, m.Value.Cores, m.Value.Free));

    public bool Contains(NodeId worker) => _members.ContainsKey(worker);

    public bool Contains(NodeId worker, BootId boot) =>
        _members.TryGetValue(worker, out var member) && member.Boot == boot;

    /// <summary>Cores of a registered worker; 0 when it is not registered.</summary>
    public int CoresOf(NodeId worker) => _members.TryGetValue(worker, out var member) ? member.Cores : 0;

    public int UsedOn(NodeId worker) => _members.TryGetValue(worker, out var member) ? member.Used : 0;

    /// <summary>Registers a life of a worker, in place of an earlier one.</summary>
    /// <param name="used">Cores of the attempts it holds already, in whichever life.</param>
    public void Register(NodeId worker, BootId boot, int cores, int used)
    {
        Invariant.Holds(cores > 0);
        Remove(worker);
        var member = new Member(boot, cores) { Used = used };
        _members.Add(worker, member);
        _byFree.Add(new FreeEntry(member.Free, worker));
        _bySize[cores] = _bySize.GetValueOrDefault(cores) + 1;
        CoresTotal += cores;
        CoresFree += member.Free;
    }

    public void Clear()
    {
        foreach (var worker in _members.Keys.ToList()) Remove(worker);
    }

    public void Remove(NodeId worker)
    {
        if (!_members.Remove(worker, out var member)) return;
        if (Held == worker) Held = null;
        _byFree.Remove(new FreeEntry(member.Free, worker));
        if (--_bySize[member.Cores] == 0) _bySize.Remove(member.Cores);
        CoresTotal -= member.Cores;
        CoresFree -= member.Free;
    }

    /// <summary>Counts cores as used, or with a negative number as free again; nothing when the worker is not
    /// registered.</summary>
    public void Use(NodeId worker, int cores)
    {
        if (!_members.TryGetValue(worker, out var member)) return;
        _byFree.Remove(new FreeEntry(member.Free, worker));
        CoresFree -= member.Free;
        member.Used += cores;
        Invariant.Holds(member.Used >= 0);
        CoresFree += member.Free;
        _byFree.Add(new FreeEntry(member.Free, worker));
    }

    /// <summary>The life of the worker that attempts may be given to.</summary>
    public BootId BootOf(NodeId worker) => _members[worker].Boot;

    /// <summary>The worker with the most free cores, if that is enough, the held one left out unless the
    /// workflow is the one it is held for.</summary>
    public NodeId? MostFree(int cores, bool mayUseHeld)
    {
        foreach (var entry in _byFree)
        {
            if (entry.Free < cores) return null;
            if (mayUseHeld || entry.Worker != Held) return entry.Worker;
        }

        return null;
    }

    public void CheckInvariants()
    {
        Invariant.Holds(_byFree.Count == _members.Count);
        Invariant.Holds(CoresTotal == _members.Values.Sum(m => m.Cores));
        Invariant.Holds(CoresFree == _members.Values.Sum(m => m.Free));
        Invariant.Holds(LargestCores == _members.Values.Select(m => m.Cores).DefaultIfEmpty(0).Max());
        if (Held is { } held) Invariant.Holds(_members.ContainsKey(held));
        foreach (var (id, member) in _members)
        {
            Invariant.Holds(member.Used >= 0);
            Invariant.Holds(member.Free <= member.Cores);
            Invariant.Holds(_byFree.Contains(new FreeEntry(member.Free, id)));
        }
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)_members.Count);
        fingerprint.Add(Held?.Name);
        foreach (var (id, member) in _members)
        {
            fingerprint.Add(id);
            fingerprint.Add(member.Boot.Value);
            fingerprint.Add((long)member.Cores);
            fingerprint.Add((long)member.Used);
        }
    }

    private sealed class Member(BootId boot, int cores)
    {
        public BootId Boot { get; } = boot;

        public int Cores { get; } = cores;

        public int Used { get; set; }

        // A worker that came back with fewer cores may, for a moment, hold more than it has.
        public int Free => Math.Max(0, Cores - Used);
    }

    private readonly record struct FreeEntry(int Free, NodeId Worker) : IComparable<FreeEntry>
    {
        public int CompareTo(FreeEntry other) =>
            Free != other.Free ? other.Free.CompareTo(Free) : Worker.CompareTo(other.Worker);
    }
}
