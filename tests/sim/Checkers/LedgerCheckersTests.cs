using Hyperscale.Det.Durability;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Plans;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checkers of logs, fences and dispatch notice what they are there for.</summary>
public sealed class LedgerCheckersTests
{
    private static readonly NodeId Gate = NodeId.Of(CheckerBench.Gate);
    private static readonly NodeId Manager = NodeId.Of(CheckerBench.Manager);
    private static readonly VsrEntry First = LogRecords.After(null, view: 1, stamp: 1);

    [Fact]
    public void A_command_with_a_lower_fence_is_noticed()
    {
        var bench = new CheckerBench(new FencesRise());
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Gate, Send(Start(2)), Send(Start(1)));

        Assert.Contains("fence 1", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_that_does_not_follow_is_noticed()
    {
        var skipped = LogRecords.After(First, view: 1, stamp: 1);
        Misfits(LogRecords.After(skipped, view: 1, stamp: 1));
        Misfits(First);
        Misfits(LogRecords.After(First, view: 0, stamp: 1));
        Misfits(LogRecords.After(First, view: 1, stamp: 0));

        static void Misfits(VsrEntry entry)
        {
            var bench = new CheckerBench(new FencesRise());
            bench.Nodes.Answer<NodeInput.Started>(
                CheckerBench.Gate, LogRecords.Append(First), LogRecords.Append(entry));
            Assert.Contains("appends Appended", bench.BreaksWhenRun(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_view_that_is_resumed_after_a_restart_is_noticed()
    {
        var crash = new PlannedFault.Crash(
            Duration.FromSeconds(1), CheckerBench.Gate, CrashPoint.Anywhere, CrashExtent.Process,
            Duration.FromSeconds(1));
        var bench = new CheckerBench(new FencesRise(), CalmPlan.Smallest.With(crash));
        VsrEntry? last = null;
        bench.Nodes.At(CheckerBench.Gate).OnInput = (input, _, outbox) =>
        {
            if (input is NodeInput.Started)
                outbox.Emit(LogRecords.Append(last = LogRecords.After(last, view: 1, stamp: 1)));
        };

        Assert.Contains("its lives before had view 1", bench.BreaksWhenRun(3), StringComparison.Ordinal);
    }

    [Fact]
    public void A_manager_that_obeys_a_replaced_gate_is_noticed()
    {
        var bench = new CheckerBench(new FencesRise());
        bench.Nodes.Answer<NodeInput.Received>(CheckerBench.Manager, LogRecords.Append(First));
        bench.Run();
        var manager = bench.Host(CheckerBench.Manager);
        manager.Post(new NodeInput.Received(Gate, Start(2)));
        bench.Nodes.Answer<NodeInput.Received>(
            CheckerBench.Manager, LogRecords.Append(LogRecords.After(First, view: 1, stamp: 1)));
        bench.Run();

        Assert.Contains("accepts fence 1", bench.Breaks(() =>
            manager.Post(new NodeInput.Received(Gate, Start(1)))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_was_durable_and_is_gone_is_noticed()
    {
        var bench = new CheckerBench(new LogSurvives());
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Gate, LogRecords.Append(First));
        bench.Run();

        Assert.Contains("durable were 1", Reopened(bench, RecoveredLog.Nothing), StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_came_back_changed_is_noticed()
    {
        var bench = new CheckerBench(new LogSurvives());
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Gate, LogRecords.Append(First));
        bench.Run();
        var changed = new RecoveredLog(0, default, [new WalRecord(WalRecordKind.LogEntry, new byte[1])]);

        Assert.Contains("another record 1", Reopened(bench, changed), StringComparison.Ordinal);
    }

    [Fact]
    public void An_acknowledgement_before_its_entry_is_on_disk_is_noticed()
    {
        var bench = new CheckerBench(new AcknowledgedJobs());
        var answer = new Message.ClientAnswer(1, new ClientResponse.Accepted(CheckerBench.Job));
        bench.Nodes.Answer<NodeInput.Started>(CheckerBench.Gate, LogRecords.Append(First), Send(answer));

        Assert.Contains("acknowledges 000-0000000001", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_acknowledgement_that_waits_for_the_disk_is_fine()
    {
        var bench = new CheckerBench(new AcknowledgedJobs());
        var answer = new Message.ClientAnswer(1, new ClientResponse.Accepted(CheckerBench.Job));
        bench.Run();
        bench.Nodes.Answer<NodeInput.PeerLost>(
            CheckerBench.Gate,
            LogRecords.Append(First), new NodeEffect.Send(Manager, answer, Barrier.Durable));

        bench.Host(CheckerBench.Gate).Post(new NodeInput.PeerLost(Manager));
        bench.Run();

        Assert.Single(bench.Nodes.At(CheckerBench.Manager).Of<NodeInput.Received>());
    }

    [Fact]
    public void A_dispatch_after_an_acknowledged_cancellation_is_noticed()
    {
        var bench = new CheckerBench(new NoDispatchAfterEnd());
        bench.Run();
        bench.Answer(new ClientResponse.CancelAccepted(CheckerBench.Status(JobState.Cancelling)));
        bench.Nodes.Answer<NodeInput.PeerLost>(CheckerBench.Gate, Send(Start(1)));

        Assert.Contains("starts 000-0000000001/0.1", bench.Breaks(() =>
            bench.Host(CheckerBench.Gate).Post(new NodeInput.PeerLost(Manager))), StringComparison.Ordinal);
    }

    [Fact]
    public void An_attempt_in_a_slot_that_has_ended_is_noticed()
    {
        var bench = new CheckerBench(new NoDispatchAfterEnd());
        var finished = new Message.SlotFinished(
            CheckerBench.Slot, new SlotOutcome(SlotState.Failed, "because", []));
        var start = new Message.StartAttempt(
            CheckerBench.Attempt, 1, new BootId(1), CheckerBench.Workflow());
        bench.Nodes.Answer<NodeInput.Started>(
            CheckerBench.Manager, SendTo(Gate, finished), SendTo(Gate, start));

        Assert.Contains("whose end it reported", bench.BreaksWhenRun(), StringComparison.Ordinal);
    }

    private static string Reopened(CheckerBench bench, RecoveredLog recovered) =>
        bench.Breaks(() => bench.Checker.OnStarted(bench.Host(CheckerBench.Gate), recovered));

    private static Message.StartSlot Start(long fence) => new(CheckerBench.Slot, fence);

    private static NodeEffect.Send Send(Message message) => SendTo(Manager, message);

    private static NodeEffect.Send SendTo(NodeId to, Message message) =>
        new(to, message, Barrier.None);
}
