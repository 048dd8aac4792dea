using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Membership;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class ManagerSlotTests
{
    private readonly ManagerBench _bench = new();

    [Fact]
    public void A_reservation_is_answered_once_it_is_on_disk()
    {
        _bench.Join(Worker1);
        _bench.IsDiskFast = false;
        _bench.Forget();

        Assert.Equal(NodeVerdict.Accepted, _bench.Reserve(Job()));
        Assert.Empty(_bench.SentTo(Gate));
        Assert.Equal(NodeVerdict.Duplicate, _bench.Reserve(Job()));
        Assert.Equal(1, _bench.Appended);

        _bench.Persist();
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotReserved(Slot(), Duration.Zero));
    }

    [Fact]
    public void A_repeated_reservation_gets_the_same_answer_and_no_entry()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.Forget();

        Assert.Equal(NodeVerdict.Duplicate, _bench.Reserve(Job()));
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotReserved(Slot(), Duration.Zero));
        Assert.Equal(0, _bench.Appended);
    }

    [Fact]
    public void Who_leads_newly_may_not_know_its_workers_yet_and_refuses_nothing_for_their_lack()
    {
        Assert.Equal(NodeVerdict.Unready, _bench.Reserve(Job()));
        _bench.Join(Worker1, cores: 2);
        Assert.Equal(NodeVerdict.Unready, _bench.Reserve(Job(Workflow(cores: 3))));
        Expect.Messages(
            _bench.SentTo(Gate), new Message.SlotDeferred(Slot()), new Message.SlotDeferred(Slot()));
        Assert.Equal(NodeVerdict.Accepted, _bench.Reserve(Job(Workflow(cores: 2)), job: 2));

        _bench.Forget();
        _bench.Pass(ManagerConfig.Default.GatherTerm - Duration.FromMilliseconds(1));
        Assert.All(_bench.SentTo<Message.ManagerHeartbeat>(Gate), beat => Assert.Null(beat.Capacity));
        _bench.Forget();
        _bench.Pass(Duration.FromMilliseconds(1));
        Assert.NotNull(Assert.Single(_bench.SentTo<Message.ManagerHeartbeat>(Gate)).Capacity);
        Assert.Equal(NodeVerdict.Refused, _bench.Reserve(Job(Workflow(cores: 3))));
    }

    [Fact]
    public void A_datacenter_without_workers_refuses_and_keeps_to_it()
    {
        _bench.Pass(ManagerConfig.Default.GatherTerm);
        var refused = new Message.SlotRefused(Slot(), "east has no worker");
        Assert.Equal(NodeVerdict.Refused, _bench.Reserve(Job()));
        Expect.Messages(_bench.SentTo(Gate), refused);

        _bench.Join(Worker1);
        _bench.Restart();
        _bench.Join(Worker1);
        _bench.Forget();
        _bench.Reserve(Job());
        Expect.Messages(_bench.SentTo(Gate), refused);

        Assert.Equal(NodeVerdict.Accepted, _bench.Reserve(Job(), epoch: 2));
    }

    [Fact]
    public void A_refusal_is_on_disk_before_it_is_told()
    {
        _bench.Pass(ManagerConfig.Default.GatherTerm);
        _bench.IsDiskFast = false;

        _bench.Reserve(Job());
        Assert.Empty(_bench.SentTo(Gate));
        _bench.Persist();
        Assert.IsType<Message.SlotRefused>(Assert.Single(_bench.SentTo(Gate)));
    }

    [Fact]
    public void A_workflow_that_no_worker_is_large_enough_for_is_refused()
    {
        _bench.Pass(ManagerConfig.Default.GatherTerm);
        _bench.Join(Worker1, cores: 2);

        _bench.Reserve(Job(Workflow(), Workflow("large", cores: 3)));
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotRefused(
            Slot(), "a workflow needs 3 cores; the largest worker of east has 2"));
    }

    [Fact]
    public void A_start_is_answered_once_it_is_on_disk_and_again_when_it_is_repeated()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.IsDiskFast = false;
        _bench.Forget();

        _bench.Start();
        Assert.Equal(NodeVerdict.Duplicate, _bench.Start());
        Assert.Empty(_bench.SentTo(Gate));
        _bench.Persist();
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotStarted(Slot()));

        _bench.Forget();
        Assert.Equal(NodeVerdict.Duplicate, _bench.Start());
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotStarted(Slot()));
        Assert.Equal(0, _bench.Appended);
    }

    [Fact]
    public void A_start_of_what_was_never_reserved_is_refused_and_so_is_its_late_reservation()
    {
        _bench.Join(Worker1);
        var refused = new Message.SlotRefused(Slot(), "it was to start here without being reserved");

        _bench.Start();
        _bench.Reserve(Job());
        Expect.Messages(_bench.SentTo(Gate), refused, refused);
    }

    [Fact]
    public void A_reservation_that_is_not_started_in_time_expires_for_good()
    {
        var refused = new Message.SlotRefused(Slot(), "its reservation expired before it was started");
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.Forget();

        _bench.Pass(Seconds(59), Worker1);
        Assert.Empty(_bench.SentTo(Gate));
        _bench.Pass(Seconds(1), Worker1);
        Expect.Messages(_bench.SentTo(Gate), refused);
        _bench.Start();
        Expect.Messages(_bench.SentTo(Gate), refused, refused);
    }

    [Fact]
    public void A_restarted_manager_gives_reservations_their_whole_time_again()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.Pass(Seconds(50));
        _bench.Restart();
        _bench.Forget();

        _bench.Pass(Seconds(59));
        Assert.Empty(_bench.SentTo(Gate));
        _bench.Pass(Seconds(1));
        Assert.Single(_bench.SentTo<Message.SlotRefused>(Gate));
    }

    [Fact]
    public void A_start_that_is_on_its_way_to_disk_outruns_the_expiry()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.Pass(Seconds(59), Worker1);
        _bench.IsDiskFast = false;
        _bench.Forget();

        _bench.Start();
        _bench.Pass(Seconds(5), Worker1);
        _bench.Persist();
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotStarted(Slot()));
    }

    [Fact]
    public void A_reservation_whose_start_came_to_nothing_expires_all_the_same()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.Pass(Seconds(59), Worker1);
        _bench.IsDiskFast = false;
        _bench.Reserve(Job(), fence: 2);
        _bench.Start(fence: 1);
        _bench.Pass(Seconds(2), Worker1);
        _bench.Persist();
        Assert.True(_bench.Node.Ledger.Find(Slot())!.IsReserved);

        _bench.IsDiskFast = true;
        _bench.Pass(Seconds(1), Worker1);
        Assert.Null(_bench.Node.Ledger.Find(Slot()));
    }

    [Fact]
    public void A_command_under_a_lower_fence_is_not_even_answered()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job(), fence: 5);
        _bench.Forget();

        Assert.Equal(NodeVerdict.Stale, _bench.Start(fence: 4));
        Assert.Equal(NodeVerdict.Stale, _bench.Reserve(Job(), fence: 4));
        Assert.Equal(NodeVerdict.Stale, _bench.Reserve(Job(), epoch: 2, fence: 4));
        Assert.Empty(_bench.SentTo(Gate));
        Assert.Equal(0, _bench.Appended);
    }

    [Fact]
    public void A_higher_fence_is_on_disk_before_its_command_is_answered()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.IsDiskFast = false;
        _bench.Forget();

        _bench.Reserve(Job(), fence: 2);
        Assert.Empty(_bench.SentTo(Gate));
        _bench.Persist();
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotReserved(Slot(), Duration.Zero));
        Assert.Equal(NodeVerdict.Stale, _bench.Start(fence: 1));
    }

    [Fact]
    public void A_command_that_overtakes_a_higher_fence_on_its_way_to_disk_does_nothing()
    {
        _bench.Join(Worker1);
        _bench.IsDiskFast = false;
        _bench.Forget();

        _bench.Reserve(Job(), fence: 3);
        _bench.Start(fence: 2);
        _bench.Persist();
        Expect.Messages(_bench.SentTo(Gate), new Message.SlotReserved(Slot(), Duration.Zero));
        Assert.True(_bench.Node.Ledger.Find(Slot())!.IsReserved);
    }

    [Fact]
    public void The_outcome_goes_to_the_gate_until_the_job_ledger_has_it()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());
        _bench.Accept(Worker1, Attempt());
        _bench.Forget();
        var finished = new Message.SlotFinished(Slot(), new SlotOutcome(
            SlotState.Completed, "every workflow completed",
            [new WorkflowResult(0, 1, Worker1.Name, Completed)]));

        _bench.Finish(Worker1, Attempt());
        // Once more soon, then at longer intervals.
        _bench.Pass(Seconds(2), Worker1);
        Expect.Messages(_bench.SentTo(Gate), finished, finished);
        _bench.Pass(Seconds(2), Worker1);
        Expect.Messages(_bench.SentTo(Gate), finished, finished, finished);

        _bench.Forget();
        Assert.Equal(
            NodeVerdict.Accepted, _bench.Receive(Gate, new Message.SlotResultCommitted(Slot(), 1)));
        _bench.Pass(Seconds(5), Worker1);
        Assert.Empty(_bench.SentTo(Gate));
        Assert.Equal(0, _bench.Node.Ledger.SlotCount);
        Assert.Equal(
            NodeVerdict.Unknown, _bench.Receive(Gate, new Message.SlotResultCommitted(Slot(), 1)));
    }

    [Fact]
    public void A_slot_that_still_runs_is_not_forgotten()
    {
        _bench.Join(Worker1);
        _bench.Run(Job());

        Assert.Equal(
            NodeVerdict.Refused, _bench.Receive(Gate, new Message.SlotResultCommitted(Slot(), 1)));
        Assert.NotNull(_bench.Node.Ledger.Find(Slot()));
    }

    [Fact]
    public void The_outcome_goes_to_the_newest_gate_under_the_highest_fence()
    {
        _bench.Join(Worker1);
        _bench.Reserve(Job());
        _bench.Start(fence: 2, gate: OtherGate);
        _bench.Restart();
        _bench.Forget();

        _bench.Finish(Worker1, Attempt());
        Assert.Single(_bench.SentTo<Message.SlotFinished>(OtherGate));
        Assert.Empty(_bench.SentTo<Message.SlotFinished>(Gate));
    }

    [Fact]
    public void A_manager_that_does_not_lead_names_the_one_that_does()
    {
        var bench = new ManagerBench(id: Follower, topology: Dispatch.Pair);
        Assert.Equal(NodeVerdict.Misdirected, bench.Reserve(Job()));
        Assert.Equal(NodeVerdict.Misdirected, bench.Start());
        Expect.Messages(
            bench.SentTo(Gate),
            new Message.NotPrimary(Slot(), Dispatch.Manager, View: 0),
            new Message.NotPrimary(Slot(), Dispatch.Manager, View: 0));

        bench.Join(Worker1);
        Assert.Equal(NodeVerdict.Misdirected, bench.Verdict);
        Assert.Empty(bench.SentTo<Message.HeartbeatAnswered>(Worker1));
        bench.Forget();
        bench.Pass(Seconds(5));
        var heartbeat = Assert.Single(bench.SentTo<Message.ManagerHeartbeat>(Gate));
        Expect.Messages(
            [heartbeat with { Coordinate = null }],
            new Message.ManagerHeartbeat(Datacenter, new BootId(1), 2, IsPrimary: false, 0, 0, 0, 0, 0, 0));
    }

    [Fact]
    public void Every_gate_hears_from_the_primary_what_the_datacenter_has()
    {
        _bench.Pass(ManagerConfig.Default.GatherTerm);
        _bench.Join(Worker1, cores: 4);
        _bench.Join(Worker2, cores: 2);
        _bench.Run(Job(Workflow(cores: 3), Workflow(cores: 3)));
        _bench.Forget();

        // Workers came: the gates are not to wait for it.
        _bench.Pass(Duration.FromMilliseconds(100));
        var expected = new Message.ManagerHeartbeat(
            Datacenter, new BootId(1), 4, IsPrimary: true, 1, 2, 6, 3, 4, QueuedWorkflows: 1);
        foreach (var gate in (NodeId[])[Gate, OtherGate])
        {
            var heartbeat = Assert.Single(_bench.SentTo<Message.ManagerHeartbeat>(gate));
            var capacity = heartbeat.Capacity!;
            Assert.Equal((1, 3), (capacity.PendingWorkflowCount, capacity.EstimatedCoresFreeing));
            // The three that are free are spoken for.
            Assert.Equal((6, 0), (capacity.Freeing.Total, capacity.Freeing.FreeNow));
            Assert.Equal(0u, heartbeat.Slo!.Summary.Samples);
            Expect.Messages([heartbeat with { Capacity = null, Coordinate = null, Slo = null }], expected);
        }
    }

    [Fact]
    public void An_echo_of_the_newest_heartbeat_is_a_round_trip_and_the_gate_is_told()
    {
        _bench.Pass(ManagerConfig.Default.GatherTerm);
        _bench.Pass(Seconds(5));
        var beat = _bench.SentTo<Message.ManagerHeartbeat>(Gate)[^1];
        Assert.Null(beat.Rtt);
        var place = new NetworkCoordinate([.. new double[NetworkCoordinate.Dimensions]], 1, 0, 1);
        _bench.Pass(Duration.FromMilliseconds(20));
        Assert.Equal(NodeVerdict.Stale, Echo(beat.Version - 1));
        Assert.Equal(NodeVerdict.Accepted, Echo(beat.Version));
        Assert.Equal(
            NodeVerdict.Unknown, _bench.Receive(Worker1, new Message.HeartbeatEchoed(beat.Boot, 1, place)));

        _bench.Forget();
        _bench.Pass(Seconds(5));
        var next = Assert.Single(_bench.SentTo<Message.ManagerHeartbeat>(Gate));
        Assert.Equal(Duration.FromMilliseconds(20), next.Rtt);
        Assert.Null(Assert.Single(_bench.SentTo<Message.ManagerHeartbeat>(OtherGate)).Rtt);

        NodeVerdict Echo(long version) =>
            _bench.Receive(Gate, new Message.HeartbeatEchoed(beat.Boot, version, place));
    }

    [Fact]
    public void Commands_of_nodes_that_are_no_gates_are_not_followed()
    {
        Assert.Equal(NodeVerdict.Misdirected, _bench.Reserve(Job(), gate: Worker1));
        Assert.Empty(_bench.SentTo(Worker1));
        Assert.Equal(NodeVerdict.Misdirected, _bench.Receive(Gate, new Message.SlotStarted(Slot())));
    }

    [Fact]
    public void A_client_is_sent_to_a_gate()
    {
        var effects = _bench.When(new NodeInput.ClientRequested(3, new ClientRequest.ListJobs(1, false)));

        var reply = Assert.IsType<NodeEffect.Reply>(Assert.Single(effects));
        Assert.Equal(3, reply.RequestId);
        Assert.IsType<ClientResponse.Unavailable>(reply.Response);
    }
}
