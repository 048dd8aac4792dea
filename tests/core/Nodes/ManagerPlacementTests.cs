using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class ManagerPlacementTests
{
    private readonly ManagerBench _bench = new();

    [Fact]
    public void Without_a_free_core_a_workflow_waits_and_no_attempt_is_made()
    {
        _bench.Join(Worker1);
        _bench.Run(Job(), job: 1);
        _bench.Run(Job(), job: 2);

        Assert.Equal([Attempt(1)], Started(Worker1));
        Assert.Equal(0, _bench.Node.Ledger.Find(Slot(2))!.Workflows[0].Attempts);
        _bench.Finish(Worker1, Attempt(1));
        Assert.Equal([Attempt(1), Attempt(2)], Started(Worker1));
    }

    [Fact]
    public void Those_that_became_ready_first_are_placed_first()
    {
        _bench.Join(Worker1);
        for (var job = 5; job >= 1; job--) _bench.Run(Job(), job);
        for (var job = 5; job >= 2; job--) _bench.Finish(Worker1, Attempt(job));

        Assert.Equal([5, 4, 3, 2, 1], Started(Worker1).Select(attempt => attempt.Slot.Job.Op));
    }

    [Fact]
    public void Work_goes_where_most_cores_are_free_and_to_the_first_name_among_equals()
    {
        _bench.Join(Worker2, cores: 2);
        _bench.Join(Worker1, cores: 2);
        _bench.Join(Worker3, cores: 3);
        _bench.Run(Job(Workflow(), Workflow(), Workflow(), Workflow()));

        Assert.Equal([Attempt(1, 0), Attempt(1, 3)], Started(Worker3).Order());
        Assert.Equal([Attempt(1, 1)], Started(Worker1));
        Assert.Equal([Attempt(1, 2)], Started(Worker2));
    }

    [Fact]
    public void A_small_workflow_passes_a_large_one_that_fits_nowhere_yet()
    {
        _bench.Join(Worker1, cores: 4);
        _bench.Join(Worker2, cores: 1);
        _bench.Run(Job(cores: 2), job: 1);
        _bench.Run(Job(cores: 4), job: 2);
        _bench.Run(Job(), job: 3);

        Assert.Equal([Attempt(1)], Started(Worker1));
        Assert.Equal([Attempt(3)], Started(Worker2));
    }

    [Fact]
    public void A_large_workflow_is_not_passed_on_the_worker_that_is_held_for_it()
    {
        _bench.Join(Worker1, cores: 4);
        _bench.Run(Job(cores: 2), job: 1);
        _bench.Run(Job(cores: 4), job: 2);
        for (var job = 3; job <= 8; job++) _bench.Run(Job(), job);
        Assert.Equal([Attempt(1)], Started(Worker1));

        _bench.Finish(Worker1, Attempt(1));
        Assert.Equal([Attempt(1), Attempt(2)], Started(Worker1));
        _bench.Finish(Worker1, Attempt(2));
        Assert.Equal([3, 4, 5, 6], Started(Worker1).Skip(2).Select(attempt => attempt.Slot.Job.Op));
    }

    [Fact]
    public void The_worker_that_is_held_is_the_one_that_is_free_first_and_stays_held()
    {
        _bench.Join(Worker1, cores: 2);
        _bench.Join(Worker2, cores: 2);
        _bench.Run(Job(Workflow(), Workflow()), job: 1);
        _bench.Pass(Seconds(3), Worker1, Worker2);
        _bench.Run(Job(Workflow(), Workflow()), job: 2);
        // The first job's attempts, one on each worker, end first; worker-1 is held, by name.
        _bench.Run(Job(cores: 2), job: 3);
        for (var job = 4; job <= 9; job++) _bench.Run(Job(), job);
        _bench.Forget();

        _bench.Finish(Worker2, Attempt(1, 1));
        Assert.Equal([Attempt(4)], Started(Worker2));
        _bench.Finish(Worker1, Attempt(1, 0));
        Assert.Empty(Started(Worker1));
        _bench.Finish(Worker2, Attempt(2, 1));
        Assert.Equal([Attempt(4), Attempt(5)], Started(Worker2));
        _bench.Finish(Worker1, Attempt(2, 0));
        Assert.Equal([Attempt(3)], Started(Worker1));
    }

    [Fact]
    public void However_much_small_work_keeps_coming_a_large_workflow_gets_its_turn()
    {
        _bench.Join(Worker1, cores: 2);
        _bench.Join(Worker2, cores: 2);
        var job = 0;
        while (job < 4) _bench.Run(Job(), ++job);
        _bench.Run(Job(cores: 2), job: 100);

        // Whoever ends is replaced at once, so that two cores of one worker are never free by chance.
        var running = new Queue<AttemptKey>([Attempt(1), Attempt(2), Attempt(3), Attempt(4)]);
        for (var round = 0; round < 8 && !_bench.Node.Ledger.IsLive(Attempt(100)); round++)
        {
            _bench.Run(Job(), ++job);
            var ended = running.Dequeue();
            _bench.Finish(_bench.Node.Ledger.Find(ended)!.Worker, ended);
            if (_bench.Node.Ledger.IsLive(Attempt(job))) running.Enqueue(Attempt(job));
        }

        Assert.True(_bench.Node.Ledger.IsLive(Attempt(100)));
    }

    [Fact]
    public void A_hold_ends_with_the_slot_it_is_for()
    {
        _bench.Join(Worker1, cores: 2);
        _bench.Run(Job(), job: 1);
        _bench.Run(Job(cores: 2), job: 2);
        _bench.Run(Job(), job: 3);
        Assert.Equal([Attempt(1)], Started(Worker1));

        _bench.Receive(Gate, new Message.CancelSlot(Slot(2), 1, "taken back"));
        Assert.Equal([Attempt(1), Attempt(3)], Started(Worker1));
    }

    [Fact]
    public void When_the_held_worker_goes_another_one_is_held()
    {
        _bench.Join(Worker1, cores: 2);
        _bench.Join(Worker2, cores: 2);
        _bench.Run(Job(Workflow(), Workflow()), job: 1);
        _bench.Run(Job(cores: 2), job: 2);
        _bench.Accept(Worker1, Attempt(1, 0));
        _bench.Accept(Worker2, Attempt(1, 1));
        _bench.Pass(Seconds(13), Worker2);
        _bench.Run(Job(), job: 3);
        _bench.Forget();

        Assert.Equal([Worker2], _bench.Node.Workers.Select(worker => worker.Id));
        Assert.Empty(Started(Worker2));
        _bench.Finish(Worker2, Attempt(1, 1));
        Assert.Equal([Attempt(2)], Started(Worker2));
    }

    [Fact]
    public void What_fits_no_worker_any_more_waits_for_one_that_comes_without_holding_the_rest_up()
    {
        _bench.Join(Worker1, cores: 4);
        _bench.Run(Job(cores: 1), job: 1);
        _bench.Reserve(Job(cores: 4), job: 2);
        _bench.Pass(Seconds(12));
        _bench.Join(Worker2, cores: 1);
        _bench.Start(2);
        _bench.Run(Job(), job: 3);
        Assert.Equal([Attempt(3)], Started(Worker2));

        _bench.Join(Worker3, cores: 4);
        Assert.Equal([Attempt(2)], Started(Worker3));
    }

    [Fact]
    public void The_estimate_is_nothing_while_cores_are_free()
    {
        _bench.Join(Worker1, cores: 2);
        _bench.Run(Job(), job: 1);

        _bench.Reserve(Job(), job: 2);
        Assert.Equal(Duration.Zero, WaitOf(2));
    }

    [Fact]
    public void The_estimate_counts_what_runs_what_waits_and_what_is_reserved()
    {
        _bench.Join(Worker1);
        _bench.Run(Job(), job: 1);
        _bench.Pass(Seconds(4), Worker1);

        _bench.Reserve(Job(), job: 2);
        Assert.Equal(Seconds(6), WaitOf(2));
        _bench.Reserve(Job(), job: 3);
        Assert.Equal(Seconds(16), WaitOf(3));
        _bench.Start(2);
        _bench.Start(3);
        _bench.Reserve(Job(), job: 4);
        Assert.Equal(Seconds(26), WaitOf(4));
    }

    [Fact]
    public void What_runs_longer_than_it_said_is_expected_to_end_by_its_timeout_and_any_moment_after_that()
    {
        _bench.Join(Worker1);
        _bench.Run(Job(), job: 1);
        _bench.Accept(Worker1, Attempt(1));
        _bench.Pass(Seconds(14), Worker1);

        _bench.Reserve(Job(), job: 2);
        Assert.Equal(Seconds(1), WaitOf(2));
        _bench.Pass(Seconds(2), Worker1);
        _bench.Reserve(Job(), job: 2);
        Assert.Equal(Duration.Zero, WaitOf(2));
    }

    [Fact]
    public void Of_a_long_queue_the_estimate_counts_every_workflow()
    {
        for (var worker = 1; worker <= 200; worker++)
            _bench.Join(NodeId.Of($"east/worker-{worker}"));
        var many = Enumerable.Repeat(Workflow(), 200).ToArray();
        _bench.Run(Job(many), job: 1);
        _bench.Run(Job(many), job: 2);

        _bench.Reserve(Job(), job: 3);
        Assert.Equal(Seconds(20), WaitOf(3));
    }

    [Fact]
    public void Where_no_worker_is_large_enough_the_estimate_is_the_longest_that_a_workflow_may_run()
    {
        _bench.Join(Worker1, cores: 2);
        _bench.Reserve(Job(cores: 2), job: 1);
        Assert.Equal(Duration.Zero, WaitOf(1));
        _bench.Pass(Seconds(12));
        _bench.Join(Worker2);
        _bench.Join(Worker3);

        _bench.Reserve(Job(cores: 2), job: 1);
        Assert.Equal(Seconds(JobLimits.DurationSecondsMax), WaitOf(1));
    }

    [Fact]
    public void An_estimate_of_centuries_is_ten_years()
    {
        _bench.Join(Worker1);
        var month = Workflow() with { Duration = Seconds(JobLimits.DurationSecondsMax) };
        var many = Job([.. Enumerable.Repeat(month, JobLimits.WorkflowsMax)]);
        for (var job = 1; job <= 20; job++) _bench.Reserve(many, job);

        Assert.Equal(CapacityLimits.WaitMax, WaitOf(20));
    }

    private Duration WaitOf(long job) =>
        _bench.SentTo<Message.SlotReserved>(Gate).Last(reserved => reserved.Slot == Slot(job)).Wait;

    private IEnumerable<AttemptKey> Started(NodeId worker) =>
        _bench.SentTo<Message.StartAttempt>(worker).Select(start => start.Attempt).Distinct();
}
