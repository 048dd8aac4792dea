using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Disk;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Engine;

/// <summary>How a node loses its disk, or part of it.</summary>
public sealed partial class SimHost
{
    /// <summary>How often something durable of this node was damaged or lost.</summary>
    public int DiskLosses { get; private set; }

    /// <summary>Whether everything that this node ever promised is on its disk: then another one that shares
    /// its ledgers may lose its own.</summary>
    public bool IsWhole => State == HostState.Running && !IsDiskLost
        && _log is not null && _gate!.DurableLsn == _gate.AppendedLsn;

    /// <summary>Whether this node has not yet learnt what its lost disk had held.</summary>
    public bool IsDiskLost => Replicas.Any(replica => replica.IsDiskLost);

    private IEnumerable<VsrReplica> Replicas => (_node as IReplicaNode)?.Replicas ?? [];

    /// <summary>The process ends, and finds its disk empty or damaged when it is started again.</summary>
    public void LoseDisk(PlannedFault.DiskLoss loss)
    {
        // A disk that never held anything is a new node's.
        if (!_hasDiskEver) return;
        Coverage.Fired(FaultFamily.DiskLoss);
        if (State != HostState.Down) End(CrashExtent.Process, loss.Restart);
        DiskLosses++;
        if (loss.Kind == DiskLossKind.Everything)
        {
            _directory = new SimDirectory();
            return;
        }

        var rng = Rng.Stream(_world.Plan.Seed, "disk loss", Id.Name, (ulong)DiskLosses);
        if (loss.Kind == DiskLossKind.OneFile) _directory.LoseFile(rng);
        else _directory.Damage(rng);
    }
}
