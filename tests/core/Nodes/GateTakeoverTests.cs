using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What the next leader of a group tells of entries that the last one had not committed.</summary>
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
}
