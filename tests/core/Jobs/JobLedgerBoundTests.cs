using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobLedgerBoundTests
{
    [Fact]
    public void Ended_jobs_beyond_the_bound_of_their_group_are_dropped_oldest_end_first()
    {
        var bench = new JobLedgerBench(endedPerGroupMax: 2);
        var jobs = Enumerable.Range(0, 4).Select(_ => bench.Create(Specs.Job())).ToList();
        var other = bench.Create(Specs.Job(), group: 1);
        bench.When(new JobCommand.CancelRequested(other), group: 1);
        foreach (var job in new[] { jobs[2], jobs[0], jobs[3] })
            bench.When(new JobCommand.CancelRequested(job));

        Assert.Equal([jobs[0], jobs[1], jobs[3], other], bench.Ledger.All.Select(job => job.Id));
        Assert.Equal(JobVerdict.UnknownJob, bench.When(new JobCommand.DeadlineReached(jobs[2])));
    }

    [Fact]
    public void Ended_jobs_beyond_the_bytes_of_their_group_are_dropped_but_the_newest()
    {
        var bench = new JobLedgerBench(endedBytesMax: 700);
        var small = bench.Create(Specs.Job());
        var large = bench.Create(Specs.Job(name: new string('x', 100)) with
        {
            Workflows = [.. Enumerable.Repeat(Specs.Job().Workflows[0], 100)],
        });
        Assert.True(bench.Job(small).Bytes < 700);
        Assert.True(bench.Job(large).Bytes > 700);
        bench.When(new JobCommand.CancelRequested(small));
        bench.When(new JobCommand.CancelRequested(large));
        Assert.Equal([large], bench.Ledger.All.Select(job => job.Id));

        var next = bench.Create(Specs.Job());
        bench.When(new JobCommand.CancelRequested(next));
        Assert.Equal([next], bench.Ledger.All.Select(job => job.Id));
    }

    [Fact]
    public void What_live_jobs_take_grows_with_what_is_reported_and_goes_with_their_ends()
    {
        var bench = new JobLedgerBench();
        var job = bench.Create(Specs.Job(count: 2));
        var spec = bench.Ledger.LiveBytes;
        Assert.True(spec > 0);
        bench.Create(Specs.Job(count: 2), group: 1);
        Assert.Equal(2 * spec, bench.Ledger.LiveBytes);

        var slots = new[] { bench.Start(job, 0, "east"), bench.Start(job, 1, "west") };
        bench.Report(slots[0]);
        Assert.Equal(bench.Job(job).Bytes + spec, bench.Ledger.LiveBytes);
        Assert.True(bench.Job(job).Bytes > spec);
        bench.Restore();
        Assert.Equal(bench.Job(job).Bytes + spec, bench.Ledger.LiveBytes);
        bench.Report(slots[1]);
        Assert.Equal(spec, bench.Ledger.LiveBytes);
    }

    [Fact]
    public void Outputs_of_a_slot_are_cut_to_an_even_share_of_what_a_job_may_keep()
    {
        const int count = 64;
        var workflow = Specs.Job().Workflows[0];
        var bench = new JobLedgerBench();
        var job = bench.Create(Specs.Job(count: count) with { Workflows = [workflow, workflow] });
        var output = new byte[JobLimits.OutputBytesMax];
        output[^1] = 7;
        var outcome = Specs.Outcome(SlotState.Completed, "done");
        var result = outcome.Workflows[0];
        result = result with { Outcome = result.Outcome with { Output = output } };
        outcome = outcome with { Workflows = [result, result with { Workflow = 1 }] };
        for (var slot = 0; slot < count; slot++)
            bench.When(new JobCommand.SlotReported(bench.Start(job, slot, $"dc-{slot}"), outcome));

        var kept = bench.Job(job).Slots.SelectMany(slot => slot.Outcome!.Workflows).ToList();
        Assert.Equal(2 * count, kept.Count);
        Assert.All(kept, r => Assert.Equal(
            JobLimits.StatusOutputBytesMax / count / 2, r.Outcome.Output.Length));
        Assert.All(kept, r => Assert.Equal(7, r.Outcome.Output.Span[^1]));
    }

    [Fact]
    public void Lists_have_the_newest_submission_first()
    {
        var bench = new JobLedgerBench();
        var old = bench.Create(Specs.Job(), group: 1);
        bench.When(new JobCommand.CancelRequested(new JobId(0, 1)), group: 0);
        var recent = bench.Create(Specs.Job(), group: 0);

        Assert.Equal([recent, old], bench.Ledger.NewestFirst.Select(job => job.Id));
        Assert.Equal([recent, old], bench.Ledger.Live.Select(job => job.Id));
    }

    [Fact]
    public void A_snapshot_holds_every_job_in_every_state_with_all_that_is_remembered_of_it()
    {
        var bench = new JobLedgerBench();
        var waiting = bench.Create(Specs.Job(count: 3));
        bench.When(new JobCommand.SlotReleased(bench.Assign(waiting, 0, "east"), "full"));
        bench.When(new JobCommand.SlotReleased(bench.Start(waiting, 0, "west"), "expired"));
        bench.Start(waiting, 1, "east");
        bench.Assign(waiting, 2, "north");
        var cancelling = bench.Create(Specs.Job(), group: 1);
        bench.Start(cancelling, 0, "east");
        bench.When(new JobCommand.CancelRequested(cancelling), group: 1);
        var ended = bench.Create(Specs.Job(count: 2, bestEffort: Specs.BestEffort()));
        var late = bench.Start(ended, 1, "west");
        bench.Report(bench.Start(ended, 0, "east"));
        bench.Report(late);
        var cancelled = bench.Create(Specs.Job());
        bench.When(new JobCommand.CancelRequested(cancelled));

        var before = bench.Ledger.All.Select(Content.Of).ToList();
        bench.Restore();
        Assert.Equal(before, bench.Ledger.All.Select(Content.Of));
        Assert.Equal(1, bench.Ledger.LateOutcomes);
        Assert.Equal(2, bench.Job(waiting).Slots[0].Refusals.Count);
    }

    [Fact]
    public void Bounds_that_were_lowered_hold_after_a_restore()
    {
        var bench = new JobLedgerBench();
        for (var i = 0; i < 5; i++) bench.When(new JobCommand.CancelRequested(bench.Create(Specs.Job())));

        var restored = new JobLedger(2);
        Assert.True(restored.TryRestore(0, bench.Ledger.Encode(0), out _));
        restored.CheckInvariants();
        Assert.Equal(2, restored.Count);
    }

    [Fact]
    public void Ops_may_leave_gaps_and_a_repeat_is_a_duplicate()
    {
        var ledger = new JobLedger(10);
        var command = new JobCommand.JobCreated(Specs.Job());
        Assert.Equal(JobVerdict.Applied, ledger.Apply(0, 1, new WallTime(5), command));
        Assert.Equal(JobVerdict.Duplicate, ledger.Apply(0, 1, new WallTime(6), command));
        Assert.Equal(1, ledger.Count);
        Assert.Equal(JobVerdict.Applied, ledger.Apply(0, 4, new WallTime(7), command));
        Assert.Equal([new JobId(0, 1), new JobId(0, 4)], ledger.All.Select(job => job.Id));
        Assert.Equal(JobVerdict.Duplicate, ledger.Apply(0, 3, new WallTime(8), command));
        ledger.CheckInvariants();
    }

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 1 << 2 | 1, 2, 1 << 2, 0 })]
    public void Bytes_that_hold_no_group_are_refused_with_a_reason_and_change_nothing(byte[] bytes)
    {
        var bench = new JobLedgerBench();
        bench.Create(Specs.Job());
        var before = bench.Fingerprint;
        Assert.False(bench.Ledger.TryRestore(0, bytes, out var fault));
        Assert.NotEmpty(fault);
        Assert.Equal(before, bench.Fingerprint);
    }

    [Fact]
    public void A_state_of_another_group_is_refused()
    {
        var bench = new JobLedgerBench();
        bench.Create(Specs.Job(), group: 3);
        Assert.False(bench.Ledger.TryRestore(1, bench.Ledger.Encode(3), out var fault));
        Assert.Contains("group", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restored_group_replaces_its_own_jobs_and_no_others()
    {
        var bench = new JobLedgerBench();
        var kept = bench.Create(Specs.Job(), group: 1);
        var old = bench.Create(Specs.Job());
        var state = bench.Ledger.Encode(0);
        bench.When(new JobCommand.CancelRequested(old));
        var late = bench.Create(Specs.Job());

        Assert.True(bench.Ledger.TryRestore(0, state, out _));
        bench.Ledger.CheckInvariants();
        Assert.False(bench.Ledger.TryGet(late, out _));
        Assert.False(bench.Job(old).IsEnded);
        Assert.Equal([old, kept], bench.Ledger.All.Select(job => job.Id));
        Assert.Equal(2, bench.Ledger.LiveCount);

        Assert.True(bench.Ledger.TryRestore(0, default, out _));
        bench.Ledger.CheckInvariants();
        Assert.Equal([kept], bench.Ledger.All.Select(job => job.Id));
        Assert.Equal(0, bench.Ledger.AppliedOp(0));
    }

    [Fact]
    public void A_snapshot_whose_parts_contradict_each_other_is_refused()
    {
        var bench = new JobLedgerBench();
        bench.When(new JobCommand.CancelRequested(bench.Create(Specs.Job())));
        var writer = new Hyperscale.Det.Wire.FieldWriter();
        writer.Number(1, 0);
        writer.Number(2, 5);
        writer.Number(4, 1);

        Assert.False(bench.Ledger.TryRestore(0, writer.Written, out var fault));
        Assert.Contains("group", fault, StringComparison.Ordinal);
    }
}
