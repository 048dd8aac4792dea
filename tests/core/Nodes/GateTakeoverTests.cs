using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What the next leader of a group makes of what the last one began.</summary>
public sealed class GateTakeoverTests
{
    private readonly GateTrio _trio = new();

    [Fact]
    public void A_job_that_ended_with_the_change_of_the_leader_is_told_of()
    {
        var first = _trio.PrimaryOf(0);
        var spec = Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(60)));
        var job = Assert.IsType<ClientResponse.Accepted>(
            _trio.ReplyTo(_trio.Ask(first, new ClientRequest.SubmitJob(spec)))).Job;
        // The others have its last result on disk and never hear that it is committed.
        _trio.Deaf = first;
        _trio.Tell(first, new Message.SlotFinished(new SlotKey(job, 0, 1), Specs.Outcome()));
        _trio.Crash(first);
        Assert.DoesNotContain(_trio.Events, told => told.Event is TelemetryEvent.JobEnded);

        _trio.Pass(Duration.FromSeconds(20));

        var next = _trio.PrimaryOf(0);
        Assert.Equal(
            [next],
            _trio.Events.Where(told => told.Event is TelemetryEvent.JobEnded).Select(told => told.Gate));
        var (gate, completed) = Assert.Single(
            _trio.Events, told => told.Event is TelemetryEvent.BestEffortCompleted);
        Assert.Equal(
            (next, new TelemetryEvent.BestEffortCompleted(job, CompletionReason.AllDcsReported, true, 1, 1)),
            (gate, completed));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_end_that_the_last_leader_told_is_not_told_again_by_one_that_had_not_heard_of_it(int after)
    {
        var first = _trio.PrimaryOf(0);
        var spec = Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(60)));
        var job = Assert.IsType<ClientResponse.Accepted>(
            _trio.ReplyTo(_trio.Ask(first, new ClientRequest.SubmitJob(spec)))).Job;
        // One of the others has nothing of the end, the third gate knows that it is committed; either of them
        // may be the one that leads next.
        var behind = GateTrio.Gates[(Array.IndexOf(GateTrio.Gates, first) + after) % GateTrio.Gates.Length];
        _trio.Deaf = behind;
        _trio.Tell(first, new Message.SlotFinished(new SlotKey(job, 0, 1), Specs.Outcome()));
        _trio.Pass(Duration.FromMilliseconds(100));
        Assert.False(_trio.LedgerOf(behind).TryGet(job, out var open) && open.IsEnded);
        _trio.Deaf = null;
        _trio.Crash(first);

        _trio.Pass(Duration.FromSeconds(20));

        var next = _trio.PrimaryOf(0);
        Assert.True(_trio.LedgerOf(next).TryGet(job, out var ended) && ended.IsEnded);
        Assert.Equal(
            [first],
            _trio.Events.Where(told => told.Event is TelemetryEvent.JobEnded).Select(told => told.Gate));
        Assert.Single(_trio.Events, told => told.Event is TelemetryEvent.BestEffortCompleted);
    }

    [Theory]
    [InlineData(-25)]
    [InlineData(0)]
    [InlineData(25)]
    [InlineData(3600)]
    public void A_cancellation_has_its_whole_term_with_the_next_leader_whatever_its_clock_says(int ahead)
    {
        foreach (var gate in GateTrio.Gates.Where(gate => gate != _trio.PrimaryOf(0)))
            _trio.Ahead[gate] = Duration.FromSeconds(ahead);
        var first = _trio.PrimaryOf(0);
        var job = Assert.IsType<ClientResponse.Accepted>(
            _trio.ReplyTo(_trio.Ask(first, new ClientRequest.SubmitJob(Specs.Job())))).Job;
        _trio.IsDatacenterSilent = true;
        _trio.Ask(first, new ClientRequest.CancelJob(job));
        _trio.Pass(Duration.FromMilliseconds(100));
        _trio.Crash(first);
        for (var i = 0; i < 400 && !GateTrio.Gates.Any(Leads); i++) _trio.Pass(Duration.FromMilliseconds(50));

        var next = _trio.PrimaryOf(0);
        // Of this length are the steps in which time passes here.
        _trio.Pass(Duration.FromSeconds(30) - Duration.FromMilliseconds(50));
        Assert.Equal(JobState.Cancelling, StateAt(next, job));
        _trio.Pass(Duration.FromMilliseconds(100));
        Assert.Equal(JobState.Cancelled, StateAt(next, job));

        bool Leads(NodeId gate) => gate != first && _trio.GateOf(gate).LedGroups.Count > 0;
    }

    private JobState StateAt(NodeId gate, JobId job)
    {
        Assert.True(_trio.LedgerOf(gate).TryGet(job, out var found));
        return found.State;
    }
}
