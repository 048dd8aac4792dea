using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Slo;
using Hyperscale.Det.Tests.Core.Capacity;
using Hyperscale.Det.Tests.Core.Idempotency;
using Hyperscale.Det.Tests.Core.Jobs;
using Hyperscale.Det.Tests.Core.Membership;
using Hyperscale.Det.Tests.Core.Replication;
using Hyperscale.Det.Tests.Core.Resources;
using Hyperscale.Det.Tests.Core.Routing;
using Hyperscale.Det.Tests.Core.Slo;

namespace Hyperscale.Det.Tests.Core.Protocol;

/// <summary>Arbitrary messages, all within their bounds: every kind, every request, every response.</summary>
internal static class MessageGens
{
    private static readonly Gen<BootId> Boot = Gen.ULong.Select(value => new BootId(value));

    private static readonly Gen<long> Counter = Gen.Long[0, long.MaxValue];

    private static readonly Gen<int> Cores = Gen.Int[0, ProtocolLimits.DatacenterCoresMax];

    private static readonly Gen<Duration> Time =
        Gen.Long[0, ProtocolLimits.SecondsMax * 1_000_000_000].Select(n => new Duration(n));

    public static readonly Gen<NodeId> Node =
        Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Char['0', '9'], Gen.Char['-', '/']), 1, 64]
            .Select(NodeId.Of);

    public static readonly Gen<ClientRequest> Request = Gen.OneOf<ClientRequest>(
        JobGens.JobSpec.Select(spec => new ClientRequest.SubmitJob(spec)),
        Gen.Select(JobGens.JobSpec, KeyGens.Key, (spec, key) => new ClientRequest.SubmitJob(spec, key)),
        JobGens.JobId.Select(job => new ClientRequest.GetJob(job)),
        JobGens.JobId.Select(job => new ClientRequest.ExplainJob(job)),
        Gen.Select(JobGens.JobId, Gen.Long, (job, after) => new ClientRequest.WatchJob(job, after)),
        Gen.Select(
            Gen.Int[0, ProtocolLimits.JobsListMax],
            Gen.Bool,
            (limit, local) => new ClientRequest.ListJobs(limit, local)),
        JobGens.JobId.Select(job => new ClientRequest.CancelJob(job)),
        Gen.Select(
            Gen.Int[1, JobLimits.DatacentersMax], Gen.Int[1, 4096], JobGens.Text.List[0, 3],
            JobGens.Text.List[0, 3],
            (count, cores, preferred, only) =>
                new ClientRequest.PreviewRoute(new DatacenterChoice(count, preferred, only), cores)),
        Gen.Bool.Select(local => new ClientRequest.GetCluster(local)));

    private static readonly Gen<ReplicaState> Replica =
        from number in Gen.Int[0, 1023]
        from status in Gen.Enum<VsrStatus>()
        from view in Counter
        from primary in Node
        from flags in Gen.Select(Gen.Bool, Gen.Bool)
        from commit in Counter
        from op in Counter
        from life in Gen.Long[1, long.MaxValue]
        select new ReplicaState(number, status, view, primary, flags.Item1, flags.Item2, commit, op, life);

    public static readonly Gen<ClientResponse> Response = Gen.OneOf<ClientResponse>(
        Gen.Select(
            JobGens.JobId, Gen.Bool, Gen.Bool, JobGens.JobFault.List[0, 3],
            (job, duplicate, key, notes) => new ClientResponse.Accepted(job, duplicate, key)
            {
                Notes = [.. notes.Select(note => new JobNote(note.Path, note.Message))],
            }),
        Time.Select(after => new ClientResponse.Pending(after)),
        Gen.Select(
            Gen.Nullable(JobGens.JobId), KeyGens.Fingerprint, KeyGens.Fingerprint,
            (job, stored, given) => new ClientResponse.KeyReused(job, stored, given)),
        Gen.Nullable(JobGens.JobId).Select(job => new ClientResponse.KeyExpired(job)),
        Gen.Select(JobGens.Reason, Gen.Bool, (why, again) => new ClientResponse.Rejected(why, again)),
        JobGens.JobStatus.Select(job => new ClientResponse.Status(job)),
        JobGens.JobExplanation.Select(job => new ClientResponse.Explained(job)),
        RoutingGens.Report.Select(report => new ClientResponse.Routed(report)),
        Gen.Select(
            JobGens.JobSummary.List[0, 5],
            JobGens.Text.List[0, 3],
            Gen.Int[0, 1023].List[0, 3],
            (list, missing, led) => new ClientResponse.Jobs(list, missing) { Led = led }),
        Gen.Select(
            Gen.Select(Node, Replica.List[0, 4], (gate, groups) => new GateReplicas(gate, groups)).List[0, 3],
            JobGens.Text.List[0, 3],
            (gates, missing) => new ClientResponse.Cluster(gates, missing)),
        JobGens.JobStatus.Select(job => new ClientResponse.CancelAccepted(job)),
        JobGens.JobFault.List[0, 5].Select(faults => new ClientResponse.Invalid(faults)),
        JobGens.JobId.Select(job => new ClientResponse.NotFound(job)),
        Gen.Select(JobGens.Reason, Time, (reason, after) => new ClientResponse.Unavailable(reason, after)),
        JobGens.Reason.Select(reason => new ClientResponse.OutcomeUnknown(reason)));

    private static readonly Gen<Message> OfClients = Gen.OneOf<Message>(
        Gen.Select(
            Gen.Long,
            Gen.Int[0, ProtocolLimits.HopsMax],
            Request,
            (call, hops, request) => new Message.ClientCall(call, hops, request)),
        Gen.Select(Gen.Long, Response, (call, response) => new Message.ClientAnswer(call, response)));

    private static readonly Gen<Message> OfGates = Gen.OneOf<Message>(
        Gen.Select(
            JobGens.SlotKey,
            Counter,
            JobGens.JobSpec,
            Gen.Nullable(KeyGens.Key),
            JobGens.RetryShare.Null(),
            (slot, fence, spec, key, share) => new Message.ReserveSlot(slot, fence, spec, key, share)),
        Gen.Select(
            JobGens.SlotKey,
            Counter,
            Gen.Int[0, JobLimits.RetryBudgetMax],
            Counter,
            Gen.Bool,
            (slot, fence, share, revision, end) =>
                new Message.BudgetShared(slot, fence, share, revision, end)),
        Gen.Select(JobGens.SlotKey, Counter, Boot, Counter, (slot, fence, boot, question) =>
            new Message.SlotWanted(slot, fence, boot, question)),
        Gen.Select(JobGens.SlotKey, Counter, (slot, fence) => new Message.StartSlot(slot, fence)),
        Gen.Select(
            JobGens.SlotKey,
            Counter,
            JobGens.Reason,
            (slot, fence, reason) => new Message.CancelSlot(slot, fence, reason)),
        Gen.Select(JobGens.SlotKey, Counter, (slot, fence) => new Message.SlotResultCommitted(slot, fence)));

    private static readonly Gen<Message> OfManagers = Gen.OneOf<Message>(
        Gen.Select(JobGens.SlotKey, Time, (slot, wait) => new Message.SlotReserved(slot, wait)),
        Gen.Select(JobGens.SlotKey, JobGens.Reason, (slot, reason) => new Message.SlotRefused(slot, reason)),
        JobGens.SlotKey.Select(slot => new Message.SlotDeferred(slot)),
        JobGens.SlotKey.Select(slot => new Message.SlotStarted(slot)),
        Gen.Select(JobGens.SlotKey, Counter, (slot, revision) => new Message.BudgetAsked(slot, revision)),
        Gen.Select(JobGens.SlotKey, Boot, Counter, (slot, boot, question) =>
            new Message.SlotHeld(slot, boot, question)),
        Gen.Select(
            JobGens.SlotKey,
            Boot,
            Counter,
            JobGens.Progress,
            (slot, boot, revision, list) => new Message.SlotProgressed(slot, boot, revision, list)),
        Gen.Select(
            JobGens.SlotKey, JobGens.SlotOutcome, (slot, outcome) => new Message.SlotFinished(slot, outcome)),
        Gen.Select(
            JobGens.SlotKey,
            Node,
            Counter,
            (slot, primary, view) => new Message.NotPrimary(slot, primary, view)),
        from name in JobGens.Text
        from boot in Boot
        from version in Counter
        from isPrimary in Gen.Bool
        from view in Counter
        from workers in Gen.Int[0, ProtocolLimits.WorkersMax]
        from total in Cores
        from free in Cores
        from largest in Cores
        from queued in Cores
        from capacity in CapacityGens.Heartbeat.Null()
        from place in NetworkCoordinateTests.Any.Null()
        from rtt in Time.Nullable()
        from resources in ResourceGens.Cluster.Null()
        from slo in SloGens.Datacenter.Null()
        select new Message.ManagerHeartbeat(
            name, boot, version, isPrimary, view, workers, total, free, largest, queued)
        {
            Capacity = capacity,
            Coordinate = place,
            Rtt = rtt,
            Resources = resources,
            Slo = slo,
        });

    private static readonly Gen<Message> BetweenTiers = Gen.OneOf<Message>(
        Gen.Select(
            Boot, Counter, NetworkCoordinateTests.Any,
            (boot, version, place) => new Message.HeartbeatEchoed(boot, version, place)),
        Gen.Select(
            Boot, Counter, NetworkCoordinateTests.Any,
            Gen.Enum<SloRuleKind>().Where(rule => rule != SloRuleKind.None), Gen.Int[0, 86_399],
            (boot, version, place, rule, age) => new Message.HeartbeatEchoed(boot, version, place)
            {
                Slo = new SloStanding(
                    new SloMark(version, version / 2, version / 3), SloHealth.Of(rule),
                    Duration.FromSeconds(age)),
            }),
        SloGens.Gossip.List[0, 3].Select(told => new Message.SloTold(told)),
        CapacityGens.Debits.Select(debits => new Message.DebitsTold(debits)),
        ResourceGens.AnyView.List[0, 4].Select(views => new Message.ResourcesGossiped(
            [.. views.DistinctBy(view => view.Manager).OrderBy(view => view.Manager)])));

    private static readonly Gen<Message> ToWorkers = Gen.OneOf<Message>(
        Gen.Select(
            JobGens.AttemptKey,
            Counter,
            Boot,
            JobGens.Workflow,
            (attempt, fence, boot, workflow) => new Message.StartAttempt(attempt, fence, boot, workflow)),
        Gen.Select(
            JobGens.AttemptKey,
            Counter,
            JobGens.Reason,
            (attempt, fence, reason) => new Message.StopAttempt(attempt, fence, reason)),
        JobGens.AttemptKey.Select(attempt => new Message.AttemptResultCommitted(attempt)),
        Gen.Select(
            Counter,
            Time,
            Counter,
            (sequence, term, fence) => new Message.HeartbeatAnswered(sequence, term, fence)));

    private static readonly Gen<Message> OfWorkers = Gen.OneOf<Message>(
        Gen.Select(
            Boot,
            Counter,
            Gen.Int[1, JobLimits.CoresMax],
            Gen.Select(JobGens.AttemptKey, Gen.Bool, (key, ended) => new AttemptInventory(key, ended))
                .List[0, 5],
            ResourceGens.Report.Null(),
            (boot, sequence, cores, list, report) =>
                new Message.WorkerHeartbeat(boot, sequence, cores, list) { Resources = report }),
        JobGens.AttemptKey.Select(attempt => new Message.AttemptAccepted(attempt)),
        Gen.Select(
            JobGens.AttemptKey,
            JobGens.Reason,
            (attempt, reason) => new Message.AttemptRefused(attempt, reason)),
        Gen.Select(
            JobGens.AttemptKey,
            Counter,
            JobGens.RunStats,
            (attempt, revision, stats) => new Message.AttemptProgressed(attempt, revision, stats)
            {
                Bucket = BucketOf(stats.Latency, revision),
                Earlier = EarlierOf(stats.Latency, revision),
            }),
        Gen.Select(
            JobGens.AttemptKey,
            JobGens.AttemptOutcome,
            Gen.Long[0, 1_000_000],
            (attempt, outcome, revision) => outcome.Stats.Latency.Count is 0 or > LatencyBucket.CountMax
                ? new Message.AttemptFinished(attempt, outcome)
                : new Message.AttemptFinished(attempt, outcome)
                {
                    Revision = revision,
                    Bucket = BucketOf(outcome.Stats.Latency, revision),
                    Earlier = EarlierOf(outcome.Stats.Latency, revision),
                }));

    private static LatencyBucket BucketOf(LatencyDigest latency, long number) => new(
        number,
        latency.Count switch
        {
            > LatencyBucket.CountMax => LatencyDigest.Empty,
            var count when HasEarlier(count, number) => LatencyDigest.From([(2_500, count - (count / 2))]),
            _ => latency,
        });

    private static LatencyBucket EarlierOf(LatencyDigest latency, long number) =>
        HasEarlier(latency.Count, number)
            ? new LatencyBucket(number - 1, LatencyDigest.From([(1_500, latency.Count / 2)]))
            : LatencyBucket.None;

    private static bool HasEarlier(long count, long number) =>
        count is >= 2 and <= LatencyBucket.CountMax && number > 0 && number % 3 == 0;

    private static readonly Gen<Message> OfReplicas = Gen.OneOf<Message>(
        Gen.Select(
            Gen.Int[0, 1023],
            VsrMessageGens.Message,
            (group, message) => new GroupMessage(group, message)).List[0, 4]
            .Select(list => new Message.Replication(list)),
        Counter.Select(sequence => new Message.ReplicaHeartbeat(sequence)),
        Gen.Select(
            Counter,
            Gen.Select(
                Gen.Int[0, 1023], Counter, Counter, Gen.Bool,
                (group, view, committed, wantsExit) =>
                    new FollowedView(group, view, committed, wantsExit)).List[0, 5],
            (sequence, following) => new Message.ReplicaHeartbeatAnswered(sequence, following)));

    private static readonly Gen<Message> OfMembers =
        SwimGens.Message.Select(told => (Message)new Message.Membership(told));

    public static readonly Gen<Message> Message = Gen.Frequency(
        (5, OfClients), (4, OfGates), (7, OfManagers), (2, BetweenTiers), (4, ToWorkers), (5, OfWorkers),
        (4, OfReplicas), (2, OfMembers));
}
