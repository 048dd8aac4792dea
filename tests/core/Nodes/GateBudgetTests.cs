using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>How a gate shares a job's retry budget among its slots.</summary>
public sealed class GateBudgetTests
{
    private static readonly NodeId East = GateBench.East;
    private static readonly NodeId West = GateBench.West;

    private readonly GateBench _bench = new();

    [Fact]
    public void A_reservation_brings_the_slots_share_and_the_jobs_numbers()
    {
        var job = _bench.Submit(Specs.Job(count: 2) with { RetryBudget = 5, RetryBudgetPerWorkflow = 2 });
        _bench.Reserve(job, 0, East);

        Assert.Equal(1, _bench.Job(job).RetryReserve);
        var reserve = _bench.Sent.Select(sent => sent.Message).OfType<Message.ReserveSlot>().First();
        Assert.Equal(new RetryShare(5, 2, 2, 0), reserve.Retries);
    }

    [Fact]
    public void Who_asks_is_given_of_the_reserve_once_and_told_again_what_was_given()
    {
        var (east, _) = RunTwo(budget: 5);

        Ask(East, east, revision: 0);
        Assert.Equal([Shared(east, 3, 1)], Told(East));
        Assert.Equal(0, _bench.Job(east.Job).RetryReserve);
        _bench.Forget();
        Ask(East, east, revision: 0);

        Assert.Equal(NodeVerdict.Duplicate, _bench.Verdict);
        Assert.Equal([Shared(east, 3, 1)], Told(East));
        Assert.Equal(3, _bench.Job(east.Job).Slots[0].Share);
    }

    [Fact]
    public void Without_a_reserve_it_is_final_only_when_no_slot_can_give_anything_back()
    {
        var (east, west) = RunTwo(budget: 4);

        Ask(East, east, revision: 0);
        Assert.Equal([Shared(east, 2, 0)], Told(East));
        _bench.Forget();
        Ask(West, west, revision: 0);
        Assert.Equal([Shared(west, 2, 0, isFinal: true)], Told(West));
        Ask(East, east, revision: 0);

        Assert.Equal([Shared(east, 2, 0, isFinal: true)], Told(East));
    }

    [Fact]
    public void What_a_slot_did_not_use_goes_to_who_asks_next()
    {
        var (east, west) = RunTwo(budget: 4);
        Ask(East, east, revision: 0);
        _bench.Receive(West, new Message.SlotFinished(west, Specs.Outcome() with { RetriesGranted = 1 }));
        Assert.Equal(1, _bench.Job(east.Job).RetryReserve);
        _bench.Forget();

        Ask(East, east, revision: 0);

        Assert.Equal([Shared(east, 3, 1)], Told(East));
    }

    [Fact]
    public void What_was_given_survives_a_restart()
    {
        var (east, _) = RunTwo(budget: 5);
        Ask(East, east, revision: 0);
        _bench.Restart();
        _bench.Forget();

        Ask(East, east, revision: 0);

        Assert.Equal([Shared(east, 3, 1)], Told(East));
    }

    [Fact]
    public void A_cancelled_job_gives_nothing_more()
    {
        var (east, _) = RunTwo(budget: 5);
        _bench.Ask(new ClientRequest.CancelJob(east.Job));
        _bench.Forget();

        Ask(East, east, revision: 0);

        Assert.Empty(Told(East));
        Assert.Equal(1, _bench.Job(east.Job).RetryReserve);
    }

    [Fact]
    public void The_acknowledgement_says_what_was_lowered()
    {
        var bench = new GateBench(config: GateConfig.Default with
        {
            RetryBudget = new RetryBudgetConfig(4, 4, 2, 2),
        });

        bench.Ask(new ClientRequest.SubmitJob(Specs.Job() with { RetryBudget = 9 }));

        var accepted = Assert.Single(bench.Replies.OfType<ClientResponse.Accepted>());
        Assert.Equal(
            [new JobNote("$.retryBudget", "is 9; lowered to 4, the most that is allowed")], accepted.Notes);
    }

    [Fact]
    public void A_negative_budget_is_refused()
    {
        _bench.Ask(new ClientRequest.SubmitJob(Specs.Job() with { RetryBudget = -1 }));

        var fault = Assert.Single(Assert.Single(_bench.Replies.OfType<ClientResponse.Invalid>()).Faults);
        Assert.Equal(
            new JobFault("$.retryBudget", "is -1; 0, no retries, and more are allowed"), fault);
    }

    private (SlotKey East, SlotKey West) RunTwo(int budget)
    {
        var east = _bench.Run(Specs.Job(count: 2) with { RetryBudget = budget, RetryBudgetPerWorkflow = 3 });
        var west = _bench.Reserve(east.Job, 1, West);
        _bench.Receive(West, new Message.SlotReserved(west, Duration.Zero));
        _bench.Receive(West, new Message.SlotStarted(west));
        _bench.Forget();
        return (east, west);
    }

    private void Ask(NodeId manager, SlotKey slot, long revision) =>
        _bench.Receive(manager, new Message.BudgetAsked(slot, revision));

    private IEnumerable<Message.BudgetShared> Told(NodeId manager) => _bench.Sent
        .Where(sent => sent.To == manager).Select(sent => sent.Message).OfType<Message.BudgetShared>();

    private Message.BudgetShared Shared(SlotKey slot, int share, long revision, bool isFinal = false) =>
        new(slot, _bench.Gate.FenceOf(0), share, revision, isFinal);
}
