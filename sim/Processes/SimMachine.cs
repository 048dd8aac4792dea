using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Sim.Processes;

/// <summary>The process table of one machine: who runs, who started whom, and what each used.</summary>
/// <remarks>As kernels do: a child whose parent ends is adopted by the nearest subreaper above it, at last by
/// the worker; what has ended is a zombie until it is waited for, and its time is then its parent's; ids are
/// used again. Time passes when somebody looks.</remarks>
/// <param name="idsMax">Processes that there is room for.</param>
public sealed class SimMachine(int idsMax)
{
    /// <summary>The worker's own process.</summary>
    public const int Worker = 1;

    private const long TickNanoseconds = 10_000_000;

    // Where only so much room is left, nobody but the worker can start anything.
    private const int Reserved = 16;

    private readonly SortedDictionary<int, ProcessEntry> _table = [];
    private readonly List<ProcessFamily> _families = [];
    private readonly bool[] _wasUsed = new bool[idsMax + 2];
    private int _newest = Worker;
    private Instant _now = Instant.Zero;

    /// <summary>All that has not been waited for.</summary>
    public IReadOnlyCollection<ProcessEntry> Entries => _table.Values;

    /// <summary>Starts that failed for want of room.</summary>
    public long RefusedStarts { get; private set; }

    /// <summary>Ids that were given out again.</summary>
    public long IdsUsedAgain { get; private set; }

    /// <summary>Processes that lost their parent.</summary>
    public long Adopted { get; private set; }

    /// <summary>As kernels count what processes use.</summary>
    public static long WholeTicks(long nanoseconds) => nanoseconds / TickNanoseconds * TickNanoseconds;

    /// <summary>Starts the first process of a family, as a child of the worker and the leader of its
    /// session.</summary>
    public ProcessFamily? Start(ProcessProgram program, Instant now)
    {
        AdvanceTo(now);
        var family = new ProcessFamily(now);
        if (Add(family, null, program) is not { } root) return null;
        family.Root = root;
        _families.Add(family);
        return family;
    }

    /// <summary>Null where no process has this id.</summary>
    public ProcessEntry? Find(int id) => _table.GetValueOrDefault(id);

    /// <summary>Everybody does what was due by then.</summary>
    public void AdvanceTo(Instant now)
    {
        _now = Instant.Later(_now, now);
        foreach (var family in _families)
        {
            while (family.At < now)
            {
                family.Pass(now);
                while (family.DueAt is { } due && due <= family.Running) Happen(family, due);
            }
        }

        _families.RemoveAll(family => family.Living.Count == 0);
    }

    /// <summary>Holds a family back from now on.</summary>
    public void Hold(ProcessFamily family, Hold hold, Instant now)
    {
        AdvanceTo(now);
        family.Held = hold;
        if (hold.IsPaused) return;
        foreach (var entry in family.Living.Where(entry => entry.IsTermPending).ToList()) End(entry);
    }

    /// <summary>Asks a process to end; one that is held back hears of it once it is not.</summary>
    public void Terminate(ProcessEntry entry)
    {
        if (entry.IsZombie || entry.Program.IgnoresTerm) return;
        if (entry.Family.Held.IsPaused) entry.IsTermPending = true;
        else End(entry);
    }

    /// <summary>It starts the next of its children before its time.</summary>
    /// <returns>Null for want of room.</returns>
    public ProcessEntry? Fork(ProcessEntry parent) => Add(parent.Family, parent, parent.TakeBirth());

    /// <summary>A process ends, by itself or by SIGKILL. Its children lose their parent.</summary>
    public void End(ProcessEntry entry)
    {
        if (entry.IsZombie) return;
        entry.End();
        entry.Family.Remove(entry);
        var adopter = AdopterOf(entry);
        foreach (var child in _table.Values.Where(child => child.Parent == entry.Id).ToList())
        {
            child.Parent = adopter;
            Adopted++;
            if (child.IsZombie && adopter != Worker) Reap(child);
        }

        if (Find(entry.Parent) is { IsZombie: false, Program.Waits: true }) Reap(entry);
    }

    /// <summary>A zombie is waited for, and gone.</summary>
    public void Reap(ProcessEntry entry)
    {
        Invariant.Holds(entry.IsZombie);
        if (Find(entry.Parent) is { } parent)
            parent.ReapedCpuNanoseconds += entry.CpuNanoseconds + entry.ReapedCpuNanoseconds;
        _table.Remove(entry.Id);
    }

    /// <summary>Nothing of it is left.</summary>
    public void Clear()
    {
        foreach (var entry in _table.Values.Where(entry => !entry.IsZombie))
        {
            entry.End();
            entry.Family.Remove(entry);
        }

        _table.Clear();
        _families.Clear();
    }

    private void Happen(ProcessFamily family, Duration due)
    {
        var entry = family.Living.First(one => one.DueAt == due);
        if (entry.IsEndDue) End(entry);
        else Fork(entry);
    }

    private int AdopterOf(ProcessEntry entry)
    {
        for (var above = Find(entry.Parent); above is not null; above = Find(above.Parent))
            if (above is { IsZombie: false, Program.IsSubreaper: true }) return above.Id;
        return Worker;
    }

    private ProcessEntry? Add(ProcessFamily family, ProcessEntry? parent, ProcessProgram program)
    {
        if (_table.Count >= (parent is null ? idsMax : idsMax - Reserved))
        {
            RefusedStarts++;
            return null;
        }

        var id = _newest;
        do id = id > idsMax ? Worker + 1 : id + 1;
        while (_table.ContainsKey(id));
        if (_wasUsed[id]) IdsUsedAgain++;
        _wasUsed[id] = true;
        _newest = id;
        var leads = parent is null || program.LeadsSession;
        var entry = new ProcessEntry(
            id, parent?.Id ?? Worker, family.At.Nanoseconds / TickNanoseconds, family, program,
            family.Running)
        {
            Session = leads ? id : parent!.Session,
            Group = leads ? id : parent!.Group,
        };
        _table.Add(id, entry);
        family.Add(entry);
        return entry;
    }
}
