using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>A job is acknowledged only once the entry that created it is on the disks of a quorum (I3), and
/// from then on every gate finds it, restarts included.</summary>
public sealed class AcknowledgedJobs() : Checker(
    "acknowledged-jobs", CheckerViews.Sent | CheckerViews.Effects)
{
    // Where each entry is in the log of each gate.
    private readonly SortedDictionary<(int Group, long Op), SortedDictionary<int, Held>> _held = [];
    private readonly SortedDictionary<int, (long Appended, long Durable)> _logs = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (host.Place.Role != NodeRole.Gate) return;
        var place = host.Place.Index;
        _logs[place] = (recovered.LastLsn, recovered.LastLsn);
        foreach (var holders in _held.Values)
            if (holders.TryGetValue(place, out var held) && held.Lsn > recovered.LastLsn)
                holders.Remove(place);
    }

    public override void OnDurable(SimHost host, long lsn)
    {
        if (host.Place.Role == NodeRole.Gate)
            _logs[host.Place.Index] = _logs[host.Place.Index] with { Durable = lsn };
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (host.Place.Role != NodeRole.Gate) return;
        switch (effect)
        {
            case NodeEffect.Append append:
                var log = _logs[host.Place.Index];
                _logs[host.Place.Index] = log with { Appended = log.Appended + 1 };
                if (GroupRecord.Decode(append.Record.Payload.Span) is { } record)
                    Note(host.Place.Index, record, log.Appended + 1);
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

    private void Note(int place, GroupRecord record, long lsn)
    {
        IReadOnlyList<VsrEntry> entries = record.Record switch
        {
            VsrRecord.Appended appended => appended.Entries,
            VsrRecord.LogInstalled installed => installed.Tail,
            _ => [],
        };
        foreach (var entry in entries)
        {
            var key = (record.Group, entry.Op);
            if (!_held.TryGetValue(key, out var holders)) _held.Add(key, holders = []);
            holders[place] = new Held(lsn, entry.Hash);
        }
    }

    private void IsDurable(SimHost host, JobId job)
    {
        var replicas = World.Topology.ReplicasOfGroup(job.Group);
        var holders = _held.GetValueOrDefault((job.Group, job.Op)) ?? [];
        var durable = holders.Where(holder => holder.Value.Lsn <= _logs[holder.Key].Durable)
            .GroupBy(holder => holder.Value.Hash)
            .Select(equal => equal.Count())
            .DefaultIfEmpty(0)
            .Max();
        Require(durable > replicas.Count / 2, () =>
            $"{host.Id} acknowledges {job}, which {durable} of {replicas.Count} disks hold");
    }

    private readonly record struct Held(long Lsn, ulong Hash);
}
