using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim;

/// <summary>A node that writes down what it got and does what a test says.</summary>
internal sealed class ScriptedNode(NodeId id, Script script) : IReplicaNode
{
    private Instant _now = Instant.Zero;

    public NodeId Id { get; } = id;

    public IReadOnlyCollection<VsrReplica> Replicas => script.Replicas;

    public ReadOnlyMemory<byte> StateOf(int group) => script.State;

    public Instant NextDeadline => script.Deadline(_now);

    public NodeVerdict Step(NodeInput input, Instant now, Outbox<NodeEffect> outbox)
    {
        _now = now;
        script.Inputs.Add((now, input));
        script.OnInput?.Invoke(input, now, outbox);
        return NodeVerdict.Accepted;
    }

    public void CheckInvariants() => Invariant.Holds(!script.IsBroken);

    public void AddTo(ref Fingerprint fingerprint) => fingerprint.Add((long)script.Inputs.Count);
}

/// <summary>What the processes of one place do and got, over all their lives.</summary>
internal sealed class Script
{
    public List<(Instant At, NodeInput Input)> Inputs { get; } = [];

    public Action<NodeInput, Instant, Outbox<NodeEffect>>? OnInput { get; set; }

    public List<VsrReplica> Replicas { get; } = [];

    /// <summary>The state of each ledger group.</summary>
    public ReadOnlyMemory<byte> State { get; set; }

    /// <summary>Whether a rule of the node's own is broken.</summary>
    public bool IsBroken { get; set; }

    /// <summary>The next deadline after an instant.</summary>
    public Func<Instant, Instant> Deadline { get; set; } = _ => Instant.Never;

    public IEnumerable<T> Of<T>()
        where T : NodeInput => Inputs.Select(entry => entry.Input).OfType<T>();
}

/// <summary>A world of scripted nodes.</summary>
internal sealed class ScriptedWorld
{
    private readonly SortedDictionary<string, Script> _scripts = new(StringComparer.Ordinal);

    public ScriptedWorld(Plan plan, params Checker[] checkers) =>
        World = new World(plan, place => new ScriptedNode(place.Id, At(place.Id.Name)), checkers);

    public World World { get; }

    public Script At(string name)
    {
        if (!_scripts.TryGetValue(name, out var script)) _scripts.Add(name, script = new Script());
        return script;
    }

    public void RunFor(Duration time) => World.RunUntil(World.Now + time);

    /// <summary>The node does these things with its next input of this kind.</summary>
    public void Answer<T>(string name, params NodeEffect[] effects)
        where T : NodeInput => At(name).OnInput = (input, _, outbox) =>
    {
        if (input is not T) return;
        foreach (var effect in effects) outbox.Emit(effect);
    };
}
