using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Nodes;

/// <summary>A registered worker, for whoever looks from outside.</summary>
/// <param name="FreeCores">Cores that no live or proposed attempt of the worker holds; none of one that takes
/// no work.</param>
/// <param name="Standing">Whether it takes work, and how gladly.</param>
public readonly record struct WorkerView(
    NodeId Id,
    BootId Boot,
    int Cores,
    int FreeCores,
    WorkerStanding Standing = WorkerStanding.Well);

/// <summary>What a worker's resources make of it where work is placed (AD-41).</summary>
public enum WorkerStanding : byte
{
    Well,

    /// <summary>Under high pressure: whoever is not comes first.</summary>
    Pressed,

    /// <summary>Over its own budget: it takes no work.</summary>
    OverBudget,
}

/// <summary>The workers that a primary manager counts on, and which of their cores are free.</summary>
/// <remarks>Work goes to the worker with the most free cores, ties by name: load generators that share a host
/// disturb each other's measurements, so they are spread. Those under high pressure come last, whatever they
/// have free, and those over their budget have nothing free. That no large workflow starves is the business
/// of <see cref="Held"/>: a worker set aside for one workflow takes nothing else.</remarks>
internal sealed class WorkerPool
{
    private readonly SortedDictionary<NodeId, Member> _members = [];
    private readonly SortedSet<FreeEntry> _byFree = [];
    private readonly SortedDictionary<int, int> _bySize = [];

    public int Count => _members.Count;

    public int CoresTotal { get; private set; }

    public int CoresFree { get; private set; }

    /// <summary>All cores but those that are not given to anybody, as their worker takes no work.</summary>
    public int CoresOffered =>
        CoresTotal - _members.Values.Where(m => !m.TakesWork).Sum(m => Math.Max(0, m.Cores - m.Used));

    /// <summary>Cores of the largest worker; 0 without one.</summary>
    public int LargestCores => _bySize.Count == 0 ? 0 : _bySize.Keys.Last();

    /// <summary>The worker that is set aside until the workflow that has waited longest fits on it.</summary>
    public NodeId? Held { get; set; }

    public IEnumerable<WorkerView> Views =>
        _members.Select(m => new WorkerView(
            m.Key, m.Value.Boot, m.Value.Cores, m.Value.Free, m.Value.Standing));

    /// <summary>Whether work is placed on others first, or not on it at all.</summary>
    public bool StandsBack(NodeId worker) =>
        _members.TryGetValue(worker, out var member) && member.Standing != WorkerStanding.Well;

    public bool Contains(NodeId worker) => _members.ContainsKey(worker);

    /// <summary>Whether the worker is registered, and not over its budget.</summary>
    public bool TakesWork(NodeId worker) =>
        _members.TryGetValue(worker, out var member) && member.TakesWork;

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
        _byFree.Add(member.EntryOf(worker));
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
        _byFree.Remove(member.EntryOf(worker));
        if (--_bySize[member.Cores] == 0) _bySize.Remove(member.Cores);
        CoresTotal -= member.Cores;
        CoresFree -= member.Free;
    }

    /// <summary>Counts cores as used, or with a negative number as free again; nothing when the worker is not
    /// registered.</summary>
    public void Use(NodeId worker, int cores)
    {
        if (!_members.TryGetValue(worker, out var member)) return;
        Change(worker, member, () => member.Used += cores);
        Invariant.Holds(member.Used >= 0);
    }

    /// <summary>What the worker's resources make of it; false when that is what they made of it before, or
    /// it is not registered.</summary>
    public bool Judge(NodeId worker, WorkerStanding standing)
    {
        if (!_members.TryGetValue(worker, out var member) || member.Standing == standing) return false;
        Change(worker, member, () => member.Standing = standing);
        return true;
    }

    /// <summary>The life of the worker that attempts may be given to.</summary>
    public BootId BootOf(NodeId worker) => _members[worker].Boot;

    /// <summary>The worker with the most free cores, if that is enough, the held one left out unless the
    /// workflow is the one it is held for.</summary>
    public NodeId? MostFree(int cores, bool mayUseHeld)
    {
        foreach (var entry in _byFree)
        {
            // Those under pressure come behind, and may have more free.
            if (entry.Free < cores && entry.IsPressed) return null;
            if (entry.Free < cores) continue;
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
            Invariant.Holds(_byFree.Contains(member.EntryOf(id)));
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
            fingerprint.Add((ulong)member.Standing);
        }
    }

    private void Change(NodeId worker, Member member, Action change)
    {
        _byFree.Remove(member.EntryOf(worker));
        CoresFree -= member.Free;
        change();
        CoresFree += member.Free;
        _byFree.Add(member.EntryOf(worker));
    }

    private sealed class Member(BootId boot, int cores)
    {
        public BootId Boot { get; } = boot;

        public int Cores { get; } = cores;

        public int Used { get; set; }

        public WorkerStanding Standing { get; set; }

        // A worker that came back with fewer cores may, for a moment, hold more than it has.
        public int Free => TakesWork ? Math.Max(0, Cores - Used) : 0;

        public bool TakesWork => Standing != WorkerStanding.OverBudget;

        public FreeEntry EntryOf(NodeId id) => new(Standing == WorkerStanding.Pressed, Free, id);
    }

    private readonly record struct FreeEntry(bool IsPressed, int Free, NodeId Worker) : IComparable<FreeEntry>
    {
        public int CompareTo(FreeEntry other)
        {
            if (IsPressed != other.IsPressed) return IsPressed ? 1 : -1;
            return Free != other.Free ? other.Free.CompareTo(Free) : Worker.CompareTo(other.Worker);
        }
    }
}
