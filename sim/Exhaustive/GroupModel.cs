using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>What can happen to a group of replicas within bounds, and what must hold.</summary>
/// <remarks>
/// What was sent may arrive at any time, any number of times, or never. What is left out makes no difference:
/// <list type="bullet">
/// <item>A state when in another one, otherwise equal, all its letters are under way and as many crashes are
/// left: the other one can do all that it can. So a letter that is answered without changing anything is
/// answered at once.</item>
/// <item>A letter of a view that its receiver has left for good, once nobody can learn from the
/// answer.</item>
/// <item>While nothing that a replica has not synced was seen by anybody, all but its sync and its crash: any
/// event of the others can as well come after them, and one of its own after a sync finds the same and more
/// letters.</item>
/// <item>With no crash left, anything before a sync: it only lets letters leave, and own votes count.</item>
/// </list>
/// </remarks>
internal sealed class GroupModel(ExplorationBounds bounds)
{
    private readonly List<int> _letters = [];
    private readonly HashSet<ulong> _ofClients = [];

    public ReplicaStates States { get; } = new(bounds);

    /// <summary>The group as it starts on empty disks.</summary>
    public GroupState Start()
    {
        var starts = Enumerable.Range(0, bounds.Replicas).Select(States.Start).ToList();
        return new GroupState(
            [.. starts.Select(start => start.State)],
            LetterSet.Of(starts.SelectMany(start => start.Posted)), [], default);
    }

    /// <summary>Whether an entry of a client is committed.</summary>
    public bool HasCommitted(GroupState state) => state.Committed.Any(_ofClients.Contains);

    /// <summary>Everything that may happen next, in a fixed order.</summary>
    public void EventsOf(GroupState state, List<WorldEvent> events)
    {
        events.Clear();
        for (var i = 0; i < bounds.Replicas; i++)
        {
            var facts = States[state.Replicas[i]];
            if (facts.Unsynced == 0 || !(facts.IsQuiet || state.Used.Crashes == bounds.CrashesMax)) continue;
            AddDisk(state, i, facts, events);
            return;
        }

        foreach (var letter in state.Letters.Letters())
            events.Add(new WorldEvent(EventKind.Delivered, States.Letters[letter].To, letter));

        for (var i = 0; i < bounds.Replicas; i++) AddOwn(state, i, events);
    }

    /// <summary>The state after an event; null when it is beyond the bounds or changes nothing.</summary>
    /// <param name="violation">The rule that is broken by it.</param>
    public GroupState? After(GroupState state, WorldEvent next, out string? violation)
    {
        var before = state.Replicas[next.Replica];
        var outcome = States.After(before, next);
        violation = outcome.Violation;
        if (violation is not null) return null;
        // What left was added when the letter was; what waits for the disk can as well be asked for after it.
        if (States[outcome.State].Core == States[before].Core) return null;
        if (States[outcome.State].View > bounds.ViewMax) return null;

        var replicas = (int[])state.Replicas.Clone();
        replicas[next.Replica] = outcome.State;
        var committed = Commit(state.Committed, outcome.Applied, out violation);
        if (violation is not null) return null;
        var letters = LettersAfter(state.Letters, replicas, outcome.Posted);
        var after = new GroupState(replicas, letters, committed, UsedAfter(state.Used, next));
        violation = Lost(after);
        return violation is null ? after : null;
    }

    private void AddDisk(GroupState state, int i, NodeFacts facts, List<WorldEvent> events)
    {
        if (facts.Unsynced > 0) events.Add(new WorldEvent(EventKind.Synced, i));
        if (state.Used.Crashes == bounds.CrashesMax) return;
        for (var kept = 0; kept <= facts.Unsynced; kept++)
            events.Add(new WorldEvent(EventKind.Crashed, i, kept));
    }

    private void AddOwn(GroupState state, int i, List<WorldEvent> events)
    {
        var facts = States[state.Replicas[i]];
        AddDisk(state, i, facts, events);
        if (facts.IsPrimary && state.Used.Entries < bounds.EntriesMax)
            events.Add(new WorldEvent(EventKind.Proposed, i, state.Used.Entries));
        if (!facts.IsSuspecting && facts.View < bounds.ViewMax && bounds.PrimaryOf(facts.View) != i)
            events.Add(new WorldEvent(EventKind.Suspected, i));
        if (facts.HasDeadline && state.Used.Ticks < bounds.TicksMax)
            events.Add(new WorldEvent(EventKind.Ticked, i));
    }

    private LetterSet LettersAfter(LetterSet before, int[] replicas, int[] posted)
    {
        _letters.Clear();
        foreach (var letter in before.Letters())
            if (!IsDead(letter, replicas)) _letters.Add(letter);
        foreach (var letter in posted) Post(letter, replicas);
        for (var i = 0; i < _letters.Count; i++)
        {
            var to = States.Letters[_letters[i]].To;
            var answer = States.After(replicas[to], new WorldEvent(EventKind.Delivered, to, _letters[i]));
            if (answer.State < 0 || States[answer.State].Core != States[replicas[to]].Core) continue;
            foreach (var letter in answer.Posted) Post(letter, replicas);
        }

        return LetterSet.Of(_letters);
    }

    private void Post(int letter, int[] replicas)
    {
        if (!_letters.Contains(letter) && !IsDead(letter, replicas)) _letters.Add(letter);
    }

    /// <summary>Whether the letter is of a view that its receiver has left for good, and the answer with the
    /// newer view is news to nobody.</summary>
    private bool IsDead(int number, int[] replicas)
    {
        var letter = States.Letters[number];
        var to = States[replicas[letter.To]];
        if (letter.Message is VsrMessage.NewerView newer)
        {
            return newer.View < to.DiskView
                || (newer.View == to.DiskView && letter.From != bounds.PrimaryOf(newer.View));
        }

        return letter.Message.View < to.DiskView
            && States[replicas[letter.From]].DiskView == bounds.ViewMax
            && bounds.PrimaryOf(bounds.ViewMax) != letter.To;
    }

    private static Used UsedAfter(Used used, WorldEvent next) => next.Kind switch
    {
        EventKind.Crashed => used with { Crashes = (ushort)(used.Crashes + 1) },
        EventKind.Proposed => used with { Entries = (ushort)(used.Entries + 1) },
        EventKind.Ticked => used with { Ticks = (ushort)(used.Ticks + 1) },
        _ => used,
    };

    /// <summary>V1: two committed entries at one op are one entry.</summary>
    private ulong[] Commit(ulong[] committed, VsrEntry[] applied, out string? violation)
    {
        violation = null;
        foreach (var entry in applied)
        {
            if (!entry.IsNoop) _ofClients.Add(entry.Hash);
            if (entry.Op > committed.Length) committed = [.. committed, entry.Hash];
            else if (committed[entry.Op - 1] != entry.Hash)
                violation = $"two entries are committed at op {entry.Op}";
        }

        return committed;
    }

    /// <summary>V2: every quorum of disks would choose a log that has what is committed.</summary>
    private string? Lost(GroupState state)
    {
        if (state.Committed.Length == 0) return null;
        for (var set = 1; set < 1 << bounds.Replicas; set++)
        {
            if (System.Numerics.BitOperations.PopCount((uint)set) != bounds.Quorum) continue;
            NodeFacts? best = null;
            for (var i = 0; i < bounds.Replicas; i++)
            {
                if ((set & (1 << i)) == 0) continue;
                var facts = States[state.Replicas[i]];
                if (best is null || IsBetter(facts, best)) best = facts;
            }

            var op = state.Committed.Length;
            if (best!.Disk.Length < op || best.Disk[op - 1] != state.Committed[^1])
                return $"a quorum of disks has lost the entry committed at op {op}";
        }

        return null;
    }

    private static bool IsBetter(NodeFacts one, NodeFacts other) =>
        one.DiskLastNormalView != other.DiskLastNormalView
            ? one.DiskLastNormalView > other.DiskLastNormalView
            : one.Disk.Length > other.Disk.Length;
}
