using Hyperscale.Det.Capacity;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Watches, bad submissions and bounds.</summary>
public sealed class GateClientTests
{
    private static readonly NodeId East = GateBench.East;

    private readonly GateBench _bench = new();

    [Fact]
    public void A_watch_is_answered_by_the_step_that_changes_the_job()
    {
        var key = _bench.Run(Specs.Job());
        var revision = _bench.Status(key.Job).Revision;
        Assert.Empty(_bench.Ask(new ClientRequest.WatchJob(key.Job, revision), requestId: 5));
        var watch = new ClientRequest.WatchJob(key.Job, revision);
        _bench.Receive(GateBench.Client, new Message.ClientCall(6, 0, watch));
        _bench.Forget();
        var effects = _bench.Receive(East, new Message.SlotProgressed(key, new BootId(1), 1, []));

        Assert.Equal(2, effects.Count);
        var reply = Assert.IsType<ClientResponse.Status>(
            Assert.Single(effects.OfType<NodeEffect.Reply>()).Response);
        Assert.NotEqual(revision, reply.Job.Revision);
        Assert.IsType<Message.ClientAnswer>(Assert.Single(GateBench.SentIn(effects)).Message);
        // Answered once: the next change is nobody's.
        Assert.Empty(_bench.Receive(East, new Message.SlotProgressed(key, new BootId(1), 2, [])));
    }

    [Fact]
    public void A_watch_of_another_revision_or_of_what_has_ended_is_answered_at_once()
    {
        var key = _bench.Run(Specs.Job());
        Assert.Single(_bench.Ask(new ClientRequest.WatchJob(key.Job, -1)));
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));
        var revision = _bench.Status(key.Job).Revision;

        Assert.Single(_bench.Ask(new ClientRequest.WatchJob(key.Job, revision)));
    }

    [Fact]
    public void A_watch_without_a_change_is_answered_at_its_deadline_with_what_is_known()
    {
        var key = _bench.Run(Specs.Job());
        var revision = _bench.Status(key.Job).Revision;
        _bench.Ask(new ClientRequest.WatchJob(key.Job, revision), requestId: 5);
        _bench.Forget();
        _bench.Pass(_bench.Config.WatchDeadline - Duration.FromNanoseconds(1));
        Assert.Empty(_bench.Replies);
        _bench.Pass(Duration.FromNanoseconds(1));

        var status = Assert.IsType<ClientResponse.Status>(Assert.Single(_bench.Replies));
        Assert.Equal(revision, status.Job.Revision);
    }

    [Fact]
    public void A_watch_is_told_the_end_and_a_stop()
    {
        var key = _bench.Run(Specs.Job());
        var other = _bench.Run(Specs.Job());
        _bench.Ask(new ClientRequest.WatchJob(key.Job, _bench.Status(key.Job).Revision), requestId: 5);
        _bench.Ask(new ClientRequest.WatchJob(other.Job, _bench.Status(other.Job).Revision), requestId: 6);
        _bench.Forget();
        _bench.Receive(East, new Message.SlotFinished(key, Specs.Outcome()));
        Assert.True(Assert.IsType<ClientResponse.Status>(Assert.Single(_bench.Replies)).Job.IsTerminal);
        _bench.Forget();
        _bench.When(new NodeInput.Shutdown());
        Assert.False(Assert.IsType<ClientResponse.Status>(Assert.Single(_bench.Replies)).Job.IsTerminal);
    }

    [Fact]
    public void Requests_for_a_job_that_there_is_not_are_told_so()
    {
        var job = new JobId(0, 5);
        foreach (var request in new ClientRequest[]
        {
            new ClientRequest.GetJob(job),
            new ClientRequest.WatchJob(job, 0),
            new ClientRequest.CancelJob(job),
        })
        {
            Assert.Equal([GateBench.Reply(1, new ClientResponse.NotFound(job))], _bench.Ask(request));
            Assert.Equal(NodeVerdict.Unknown, _bench.Verdict);
        }
    }

    [Fact]
    public void A_submission_that_the_cluster_cannot_take_is_refused_with_every_fault()
    {
        _bench.Forget();
        const string unknown = "names no datacenter: 'nowhere'; there are east, west";
        var spec = Specs.Job(count: 3, preferred: ["east", "nowhere"], only: ["west", "nowhere"]);
        var effects = _bench.Ask(new ClientRequest.SubmitJob(spec));

        Assert.Equal(NodeVerdict.Refused, _bench.Verdict);
        var invalid = Assert.IsType<ClientResponse.Invalid>(
            Assert.Single(effects.OfType<NodeEffect.Reply>()).Response);
        Assert.Equal(
            [
                new JobFault("$.datacenters.only[1]", unknown),
                new JobFault("$.datacenters.preferred[1]", unknown),
                new JobFault("$.datacenters.count", "is 3; 1 to 1 are allowed (west)"),
            ],
            invalid.Faults);
        Assert.IsType<TelemetryEvent.JobRefused>(Assert.Single(effects.OfType<NodeEffect.Emit>()).Event);
        Assert.DoesNotContain(_bench.History, effect => effect is NodeEffect.Append);
    }

    [Fact]
    public void A_submission_that_no_entry_could_hold_or_be_read_from_is_refused()
    {
        var workflow = Specs.Job().Workflows[0];
        AssertFault("$.workflows", Specs.Job() with { Workflows = [] });
        AssertFault("$", Specs.Job(name: new string('x', 1000)));
        AssertFault("$", Specs.Job() with { Workflows = [workflow with { DependsOn = [0] }] });
        var parts = Enumerable.Repeat(new string('x', 32_000), 200).ToList();
        AssertFault("$", Specs.Job() with { Workflows = [workflow with { Exec = new ExecSpec(parts) }] });
        Assert.Equal(0, _bench.Gate.Ledger.Count);

        void AssertFault(string path, JobSpec spec)
        {
            _bench.Forget();
            _bench.Ask(new ClientRequest.SubmitJob(spec));
            var invalid = Assert.IsType<ClientResponse.Invalid>(Assert.Single(_bench.Replies));
            Assert.Equal(path, Assert.Single(invalid.Faults).Path);
        }
    }

    [Fact]
    public void More_live_jobs_than_allowed_are_turned_away_even_before_they_are_on_disk()
    {
        var bench = new GateBench(config: GateConfig.Default with { LiveJobsMax = 2 }) { IsDiskFast = false };
        var first = new JobId(0, 2);
        for (var i = 0; i < 3; i++) bench.Ask(new ClientRequest.SubmitJob(Specs.Job()), i);
        Assert.Equal(NodeVerdict.Overloaded, bench.Verdict);
        Assert.Equal(
            [new ClientResponse.Unavailable("2 jobs are live, as many as may be", Duration.FromSeconds(1))],
            bench.Replies);
        bench.IsDiskFast = true;
        bench.Persist();
        bench.Ask(new ClientRequest.CancelJob(first));
        bench.Receive(East, new Message.SlotRefused(new SlotKey(first, 0, 1), "cancelled"));

        bench.Submit(Specs.Job());
    }

    [Fact]
    public void Jobs_that_take_more_than_all_live_ones_may_are_turned_away()
    {
        var bench = new GateBench(config: GateConfig.Default with { LiveBytesMax = 1 });
        var job = bench.Submit(Specs.Job());
        var bytes = bench.Gate.Ledger.LiveBytes;
        bench.Ask(new ClientRequest.SubmitJob(Specs.Job()));

        Assert.Equal(NodeVerdict.Overloaded, bench.Verdict);
        Assert.Equal(
            new ClientResponse.Unavailable(
                $"live jobs take {bytes} bytes; 1 are the most", Duration.FromSeconds(1)),
            bench.Replies.Last());
        bench.Ask(new ClientRequest.CancelJob(job));
        bench.Receive(East, new Message.SlotRefused(new SlotKey(job, 0, 1), "cancelled"));
        bench.Submit(Specs.Job());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("key-1")]
    public void A_log_that_no_snapshot_shortens_takes_no_more_jobs(string? key)
    {
        var bench = new GateBench(config: GateConfig.Default with { LogBytesMax = 1 });
        bench.Ask(new ClientRequest.SubmitJob(Specs.Job())
        {
            Key = IdempotencyKey.TryParse(key, out var parsed) ? parsed : null,
        });

        Assert.Equal(
            [new ClientResponse.Unavailable(
                "the log is full: no snapshot could be taken that would shorten it",
                Duration.FromSeconds(1))],
            bench.Replies);
    }

    [Fact]
    public void More_waiting_callers_than_allowed_are_turned_away()
    {
        var bench = new GateBench(
            GateBench.TwoGates, config: GateConfig.Default with { WaitersMax = 2 });
        var key = new SlotKey(bench.Submit(Specs.Job()), 0, 1);
        var revision = bench.Status(key.Job).Revision;
        var elsewhere = Enumerable.Range(0, 8)
            .First(group => GateBench.TwoGates.ReplicasOfGroup(group)[0] == GateBench.GateB);
        bench.Ask(new ClientRequest.WatchJob(key.Job, revision), requestId: 1);
        bench.Ask(new ClientRequest.WatchJob(key.Job, revision), requestId: 2);
        bench.Forget();
        foreach (var request in new ClientRequest[]
        {
            new ClientRequest.WatchJob(key.Job, revision),
            new ClientRequest.CancelJob(key.Job),
            new ClientRequest.SubmitJob(Specs.Job()),
            new ClientRequest.ListJobs(1, LocalOnly: false),
            new ClientRequest.GetJob(new JobId(elsewhere, 1)),
        })
        {
            bench.Ask(request, requestId: 3);
            Assert.Equal(NodeVerdict.Overloaded, bench.Verdict);
        }

        Assert.Equal(5, bench.Replies.Count(reply => reply is ClientResponse.Unavailable));
        // What is answered at once waits for nothing.
        bench.Status(key.Job);
        bench.Ask(new ClientRequest.ListJobs(1, LocalOnly: true));
        Assert.Equal(NodeVerdict.Accepted, bench.Verdict);
    }

    [Fact]
    public void Entries_that_the_disk_does_not_keep_up_with_turn_submissions_away_and_slots_wait()
    {
        var bench = new GateBench(config: GateConfig.Default with { WaitersMax = 100_000 });
        var hasty = Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(1)));
        var first = bench.Reserve(bench.Submit(hasty), 0, East);
        var second = bench.Reserve(bench.Submit(Specs.Job()), 0, East);
        var third = bench.Run(Specs.Job());
        bench.IsDiskFast = false;
        bench.Flood(4096);
        bench.Forget();

        bench.Ask(new ClientRequest.SubmitJob(Specs.Job()), requestId: 1);
        bench.Ask(new ClientRequest.CancelJob(first.Job), requestId: 2);
        Assert.Equal(["the disk is behind", "the disk is behind"], bench.Replies.Select(Reason));
        bench.Receive(East, new Message.SlotReserved(first, Duration.Zero));
        Assert.Equal(NodeVerdict.Overloaded, bench.Verdict);
        bench.Receive(East, new Message.SlotRefused(second, "full"));
        Assert.Equal(NodeVerdict.Overloaded, bench.Verdict);
        bench.Receive(East, new Message.SlotFinished(third, Specs.Outcome()));
        Assert.Equal(NodeVerdict.Overloaded, bench.Verdict);
        // The first one's deadline passes meanwhile; what cannot be proposed is tried again later.
        bench.Pass(Duration.FromSeconds(1));
        bench.IsDiskFast = true;
        bench.Persist();
        bench.Pass(bench.Config.ResendInterval);

        Assert.Equal(JobState.Failed, bench.Job(first.Job).State);
        Assert.Equal(JobState.Running, bench.Job(third.Job).State);
    }

    [Fact]
    public void Messages_that_are_not_for_gates_are_refused_and_told()
    {
        _bench.Forget();
        var attempt = new AttemptKey(new SlotKey(new JobId(0, 1), 0, 1), 0, 1);
        var effects = _bench.Receive(East, new Message.AttemptAccepted(attempt));

        Assert.Equal(NodeVerdict.Misdirected, _bench.Verdict);
        Assert.Equal(
            [GateBench.Tell(new TelemetryEvent.Ignored(East, "AttemptAccepted", "Misdirected"))], effects);
        Assert.Empty(_bench.When(new NodeInput.WorkloadReported(attempt, RunStats.None)));
        Assert.Equal(NodeVerdict.Misdirected, _bench.Verdict);
        Assert.Empty(_bench.When(new NodeInput.SendFailed(East, new Message.AttemptAccepted(attempt))));
        Assert.Equal(NodeVerdict.Unknown, _bench.Verdict);
    }

    [Fact]
    public void Heartbeats_of_strangers_are_refused_and_old_ones_ignored()
    {
        Assert.Equal(NodeVerdict.Unknown, Beat(GateBench.West, 1));
        Assert.Equal(NodeVerdict.Unknown, Beat(East, 1, datacenter: "nowhere"));
        Assert.Equal(NodeVerdict.Accepted, Beat(East, 2));
        Assert.Equal(NodeVerdict.Stale, Beat(East, 2));
        Assert.Equal(NodeVerdict.Stale, Beat(East, 1));
        Assert.Equal(NodeVerdict.Accepted, Beat(GateBench.EastSecond, 1, isPrimary: false));
        Assert.Equal(NodeVerdict.Accepted, Beat(East, 1, boot: 2));
        Assert.Equal(NodeVerdict.Stale, Beat(East, 9));

        NodeVerdict Beat(
            NodeId from, long version, string datacenter = "east", ulong boot = 1, bool isPrimary = true)
        {
            _bench.Receive(from, new Message.ManagerHeartbeat(
                datacenter, new BootId(boot), version, isPrimary, 1, 1, 1, 1, 1, 0)
            {
                Capacity = HeartbeatCapacity.None,
            });
            return _bench.Verdict;
        }
    }

    private static string Reason(ClientResponse response) =>
        Assert.IsType<ClientResponse.Unavailable>(response).Reason;
}
