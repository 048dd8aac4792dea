using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>Every state that a single replica was seen in, and what each event makes of it.</summary>
/// <remarks>A replica is a function of what happens to it, so an event of a state is carried out once,
/// however many states of the whole group it occurs in: the node is made again from its last start, and the
/// outcome is kept.</remarks>
internal sealed class ReplicaStates
{
    private readonly ExplorationBounds _bounds;
    private readonly IReadOnlyList<NodeId> _names;
    private readonly Dictionary<ulong, int> _numbers = [];
    private readonly List<Known> _states = [];

    public ReplicaStates(ExplorationBounds bounds)
    {
        _bounds = bounds;
        _names = [.. Enumerable.Range(0, bounds.Replicas).Select(i => NodeId.Of($"replica-{i}"))];
    }

    public LetterTable Letters { get; } = new();

    public int Count => _states.Count;

    public NodeFacts this[int state] => _states[state].Facts;

    /// <summary>A replica with an empty disk starts.</summary>
    public Outcome Start(int self) => Boot(self, new NodeBoot([], [], default));

    /// <summary>What the event makes of a replica's state.</summary>
    public Outcome After(int state, WorldEvent next)
    {
        var known = _states[state];
        if (known.Outcomes.TryGetValue(next, out var outcome)) return outcome;
        outcome = CarryOut(state, next);
        known.Outcomes.Add(next, outcome);
        return outcome;
    }

    private Outcome CarryOut(int state, WorldEvent next)
    {
        var node = Make(state);
        if (next.Kind == EventKind.Crashed) return Boot(next.Replica, node.BootAfter(next.Argument));
        try
        {
            node.Happen(next);
        }
        catch (InvariantViolationException broken)
        {
            return Outcome.Broken(broken.Message);
        }

        return OutcomeOf(node, () => new Known(next.Replica, null, state, next, node.Facts()));
    }

    private Outcome Boot(int self, NodeBoot boot)
    {
        try
        {
            var node = new ReplicaNode(_bounds, Letters, _names, self, boot);
            return OutcomeOf(node, () => new Known(self, boot, -1, default, node.Facts()));
        }
        catch (InvariantViolationException broken)
        {
            return Outcome.Broken(broken.Message);
        }
    }

    private Outcome OutcomeOf(ReplicaNode node, Func<Known> describe)
    {
        var print = node.Print();
        if (!_numbers.TryGetValue(print, out var number))
        {
            number = _states.Count;
            _numbers.Add(print, number);
            _states.Add(describe());
        }

        return new Outcome(number, [.. node.Posted], [.. node.Applied], null);
    }

    private ReplicaNode Make(int state)
    {
        var events = new Stack<WorldEvent>();
        var known = _states[state];
        for (; known.Boot is null; known = _states[known.Before]) events.Push(known.Last);
        var node = new ReplicaNode(_bounds, Letters, _names, known.Self, known.Boot);
        while (events.TryPop(out var next)) node.Happen(next);
        return node;
    }

    /// <param name="Boot">Of a state right after a start; the others say which state came before, and the
    /// event between.</param>
    private sealed record Known(int Self, NodeBoot? Boot, int Before, WorldEvent Last, NodeFacts Facts)
    {
        public Dictionary<WorldEvent, Outcome> Outcomes { get; } = [];
    }
}

/// <summary>What an event made of a replica.</summary>
/// <param name="State">Number of the state after it.</param>
/// <param name="Posted">Numbers of the letters that left.</param>
/// <param name="Violation">The rule that the replica broke; null when it broke none.</param>
internal sealed record Outcome(int State, int[] Posted, VsrEntry[] Applied, string? Violation)
{
    public static Outcome Broken(string rule) => new(-1, [], [], rule);
}
