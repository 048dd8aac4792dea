using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A job is acknowledged only once the entry that created it is on the disks of a quorum (I3), and
/// from then on every gate finds it, restarts included.</summary>
public sealed class AcknowledgedJobs() : Checker(
    "acknowledged-jobs", CheckerViews.Sent | CheckerViews.Effects)
{
    private readonly SortedDictionary<int, ReplicaDisk> _disks = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (host.Place.Role == NodeRole.Gate) _disks[host.Place.Index] = new ReplicaDisk(recovered);
    }

    public override void OnDurable(SimHost host, long lsn)
    {
        if (host.Place.Role == NodeRole.Gate) _disks[host.Place.Index].Sync(lsn);
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (host.Place.Role != NodeRole.Gate) return;
        switch (effect)
        {
            case NodeEffect.Append append:
                _disks[host.Place.Index].Append(append.Record);
                break;
            case NodeEffect.Reply { Response: ClientResponse.Accepted accepted }:
                IsDurable(host, accepted.Job);
                break;
            default:
                break;
        }
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (message is Message.ClientAnswer { Response: ClientResponse.Accepted accepted })
            IsDurable(host, accepted.Job);
    }

    public override void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        switch (response)
        {
            case ClientResponse.NotFound missing:
                Require(!World.Clients.Accepted.ContainsKey(missing.Job), () =>
                    $"{missing.Job} was acknowledged and is not found");
                break;
            case ClientResponse.Jobs { Missing.Count: 0 } jobs when request is ClientRequest.ListJobs list:
                if (!list.LocalOnly && jobs.List.Count < list.Limit) IsWhole(jobs, askedAt);
                break;
            default:
                break;
        }
    }

    private void IsWhole(ClientResponse.Jobs jobs, Instant askedAt)
    {
        var listed = new SortedSet<JobId>(jobs.List.Select(job => job.Id));
        foreach (var job in World.Clients.Accepted.Values)
        {
            Require(job.AcceptedAt > askedAt || listed.Contains(job.Id), () =>
                $"{job.Id} was acknowledged at {job.AcceptedAt} and is not in a list asked for at {askedAt}");
        }
    }

    private void IsDurable(SimHost host, JobId job)
    {
        var replicas = World.Topology.ReplicasOfGroup(job.Group);
        var holding = _disks.Where(disk => replicas.Contains(World.Hosts[disk.Key].Id))
            .Count(disk => disk.Value.IsLost(job.Group) || disk.Value.HasOp(job.Group, job.Op));
        Require(holding > replicas.Count / 2, () =>
            $"{host.Id} acknowledges {job}, which {holding} of {replicas.Count} disks hold");
    }
}
