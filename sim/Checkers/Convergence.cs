using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Replicas that have applied the same op have the same state, and in a healed world all of a group
/// come to have applied the same.</summary>
public sealed class Convergence() : Checker("convergence", CheckerViews.Samples)
{
    private const int LookEvery = 64;

    private readonly SortedDictionary<(string Home, int Group), SortedDictionary<long, Seen>> _states = [];
    private readonly SortedDictionary<(int Place, int Life, int Group), long> _sampled = [];

    /// <inheritdoc/>
    public override bool IsAtRest => World.Scheduler.Events % LookEvery == 0 && Apart() is null;

    public override void OnSample()
    {
        foreach (var host in World.Hosts)
        {
            if (host.Node is not IReplicaNode node) continue;
            foreach (var replica in node.Replicas) Sample(host, node, replica);
        }
    }

    public override void OnEnd()
    {
        OnSample();
        Require(Apart() is null, () => $"the world is healed and {Apart()}");
    }

    private void Sample(SimHost host, IReplicaNode node, VsrReplica replica)
    {
        var sample = (host.Place.Index, host.Life, replica.Group);
        var op = replica.Commit;
        if (_sampled.GetValueOrDefault(sample, -1) == op) return;
        _sampled[sample] = op;
        var key = (host.Place.Datacenter, replica.Group);
        if (!_states.TryGetValue(key, out var states)) _states.Add(key, states = []);
        var hash = default(Fingerprint);
        hash.Add(node.StateOf(replica.Group).Span);
        if (states.TryAdd(op, new Seen(hash.Value, host.Id))) return;
        Require(states[op].Hash == hash.Value, () =>
            $"{host.Id} and {states[op].By} have applied op {op} of group {replica.Group} "
            + "and have different states");
    }

    /// <summary>Two replicas of a group that have not applied the same; null when all have.</summary>
    private string? Apart()
    {
        var firsts = new SortedDictionary<(string Home, int Group), (NodeId Node, long Commit)>();
        foreach (var host in World.Hosts)
        {
            if (!host.Place.HasDisk) continue;
            if (host.Node is null) return $"{host.Id} does not run";
            if (host.Node is not IReplicaNode node) continue;
            foreach (var replica in node.Replicas)
            {
                var key = (host.Place.Datacenter, replica.Group);
                if (firsts.TryAdd(key, (host.Id, replica.Commit))) continue;
                var first = firsts[key];
                if (first.Commit == replica.Commit && replica.Status == VsrStatus.Normal) continue;
                return $"group {replica.Group} is apart: {All(key)}";
            }
        }

        return null;
    }

    private string All((string Home, int Group) key)
    {
        var all = from host in World.Hosts
                  where host.Place.HasDisk && host.Place.Datacenter == key.Home
                  from replica in (host.Node as IReplicaNode)?.Replicas ?? []
                  where replica.Group == key.Group
                  select $"{host.Id} {replica.Status} in view {replica.View}, op {replica.Op}, "
                      + $"applied {replica.Commit}";
        return string.Join("; ", all);
    }

    private readonly record struct Seen(ulong Hash, NodeId By);
}
