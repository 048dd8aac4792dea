using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Core.Protocol;

public sealed class MessageSizeTests
{
    private static readonly SlotKey Slot = new(new JobId(1, 1), 0, 0);

    private static readonly RunStats LargestStats = Largest();

    [Fact]
    public void The_largest_result_of_a_slot_fits_into_a_message()
    {
        var outcome = new AttemptOutcome(
            AttemptState.Failed, Wide(JobLimits.ReasonLengthMax), int.MinValue, LargestStats,
            new byte[JobLimits.OutputBytesMax])
        {
            Kill = LargestKill(),
        };
        var finished = new Message.SlotFinished(Slot, new SlotOutcome(
            SlotState.Failed, Wide(JobLimits.ReasonLengthMax),
            [.. Indices().Select(i => new WorkflowResult(i, 1, Wide(JobLimits.NameLengthMax), outcome))]));

        Assert.InRange(Encoded.Of(finished).Length, Frame.PayloadBytesMax / 4, Frame.PayloadBytesMax);
    }

    [Fact]
    public void The_largest_progress_of_a_slot_fits_into_a_message()
    {
        var progress = Indices().Select(i =>
            new WorkflowProgress(i, WorkflowPhase.Running, Wide(JobLimits.NameLengthMax), LargestStats));
        var progressed = new Message.SlotProgressed(Slot, new BootId(1), long.MaxValue, [.. progress]);

        Assert.InRange(Encoded.Of(progressed).Length, Frame.PayloadBytesMax / 4, Frame.PayloadBytesMax);
    }

    [Fact]
    public void The_largest_list_of_jobs_fits_into_a_message()
    {
        var summary = new JobSummary(
            Slot.Job, Wide(JobLimits.NameLengthMax), JobState.Failed, Wide(JobLimits.ReasonLengthMax),
            new WallTime(0));
        var jobs = new ClientResponse.Jobs(
            [.. Enumerable.Repeat(summary, ProtocolLimits.JobsListMax)],
            [.. Enumerable.Repeat(new string('g', NodeId.LengthMax), ProtocolLimits.GatesMax)]);

        var bytes = Encoded.Of(new Message.ClientAnswer(1, jobs));

        Assert.InRange(bytes.Length, 1, Frame.PayloadBytesMax);
        Assert.Equal(Content.Of<ClientResponse>(jobs), Content.Of(ResponseIn(bytes)));
    }

    [Fact]
    public void A_status_that_is_too_large_becomes_an_answer_that_says_so()
    {
        var status = new Message.ClientAnswer(1, new ClientResponse.Status(Huge()));
        var cancel = new Message.ClientAnswer(1, new ClientResponse.CancelAccepted(Huge()));

        var unavailable = ResponseIn(Encoded.Of(status));
        var cancelled = ResponseIn(Encoded.Of(cancel));

        Assert.Matches(
            "^the answer has [0-9]+ bytes; at most 16777216 fit into a message$",
            Assert.IsType<ClientResponse.Unavailable>(unavailable).Reason);
        Assert.Matches(
            "^the job is being cancelled, but the answer has [0-9]+ bytes; at most 16777216 fit into a ",
            Assert.IsType<ClientResponse.OutcomeUnknown>(cancelled).Reason);
    }

    private static ClientResponse ResponseIn(byte[] bytes) =>
        Assert.IsType<Message.ClientAnswer>(Encoded.Read(bytes)).Response;

    private static JobStatus Huge()
    {
        var workflow = new WorkflowSpec(
            "w", WorkflowKind.Exec, 1, Duration.Zero, Duration.Zero, null, null, [], null,
            new ExecSpec(["true"]), null);
        var spec = new JobSpec(
            "huge", new DatacenterChoice(4, [], []), null, null, null, null, [],
            [.. Enumerable.Repeat(workflow, JobLimits.WorkflowsMax)]);
        var progress = Indices()
            .Select(i => new WorkflowProgress(i, WorkflowPhase.Running, "", LargestStats));
        var slot = new SlotStatus(0, "dc-a", SlotPhase.Running, "", null, [.. progress]);
        return new JobStatus(
            Slot.Job, spec, JobState.Running, "", 1, new WallTime(0), null, [slot, slot, slot, slot]);
    }

    private static RunStats Largest()
    {
        var each = JobLimits.CountMax / LatencyDigest.CentroidsMax;
        var (max, step) = (LatencyDigest.LatencyMax, LatencyDigest.LatencyMax / LatencyDigest.CentroidsMax);
        var centroids = Enumerable.Range(0, LatencyDigest.CentroidsMax)
            .Select(i => new Centroid(i * step.Nanoseconds, each));
        Assert.True(LatencyDigest.TryCreate([.. centroids], Duration.Zero, max, out var latency));
        var kinds = Enumerable.Range(0, JobLimits.ErrorKindsMax)
            .Select(i => (char)('a' + i) + Wide(JobLimits.NameLengthMax - 1))
            .Select(kind => new ErrorCount(kind, JobLimits.CountMax));
        return new RunStats(
            JobLimits.CountMax, JobLimits.CountMax, JobLimits.CountMax, JobLimits.BytesReceivedMax, latency,
            [.. kinds]);
    }

    private static ResourceKill LargestKill()
    {
        const long most = ResourceKill.NumberMax;
        return new ResourceKill(
            GuardDimension.Memory, long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue,
            [.. Enumerable.Repeat(new KillSample(most, most, most, most), ResourceKill.SamplesMax)],
            [.. Enumerable.Repeat(
                new GuardMove(GuardLevel.Throttle, GuardLevel.Kill, most), ResourceKill.MovesMax)],
            1 << 22, true)
        {
            Enforcer = new string('e', ResourceKill.EnforcerLengthMax),
        };
    }

    private static IEnumerable<int> Indices() => Enumerable.Range(0, JobLimits.WorkflowsMax);

    // Three bytes a character.
    private static string Wide(int length) => new('\u4E00', length);
}
