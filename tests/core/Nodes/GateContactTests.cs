using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>What a gate tells a datacenter that asks, or speaks, of a slot.</summary>
public sealed class GateContactTests
{
    private static readonly NodeId East = GateBench.East;
    private static readonly BootId Boot = new(1);

    [Fact]
    public void A_slot_that_runs_is_wanted()
    {
        var bench = new GateBench();
        var key = bench.Run(Specs.Job());
        bench.Forget();

        bench.Receive(East, new Message.SlotHeld(key, Boot, 7));

        Assert.Equal(
            [(East, (Message)new Message.SlotWanted(key, bench.Gate.FenceOf(0), Boot, 7))], bench.Sent);
    }

    [Theory]
    [InlineData("reserved")]
    [InlineData("started")]
    [InlineData("progressed")]
    [InlineData("held")]
    [InlineData("budget")]
    public void Whatever_is_said_of_a_slot_of_an_ended_job_is_answered_by_its_cancellation(string kind)
    {
        var bench = new GateBench();
        var key = bench.Run(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(5))));
        bench.Pass(Duration.FromSeconds(45));
        Assert.True(bench.Job(key.Job).IsEnded);
        bench.Forget();

        bench.Receive(East, Of(kind, key));

        Assert.Equal(key, Assert.IsType<Message.CancelSlot>(Assert.Single(bench.Sent).Message).Slot);
    }

    [Theory]
    [InlineData("reserved")]
    [InlineData("started")]
    [InlineData("progressed")]
    [InlineData("held")]
    [InlineData("budget")]
    public void So_it_is_of_a_job_that_is_not_kept_any_more(string kind)
    {
        var bench = new GateBench(config: GateConfig.Default with { EndedJobsMax = 1 });
        var key = bench.Run(Specs.Job(bestEffort: Specs.BestEffort(deadline: Duration.FromSeconds(5))));
        bench.Pass(Duration.FromSeconds(45));
        bench.Heartbeat("east", East);
        bench.Receive(East, new Message.SlotFinished(bench.Run(Specs.Job()), Specs.Outcome()));
        Assert.False(bench.Gate.Ledger.TryGet(key.Job, out _));
        bench.Forget();

        bench.Receive(East, Of(kind, key));

        Assert.Equal(key, Assert.IsType<Message.CancelSlot>(Assert.Single(bench.Sent).Message).Slot);
    }

    [Fact]
    public void A_gate_that_may_not_lead_any_more_says_nothing_and_the_next_one_answers()
    {
        var trio = new GateTrio();
        var first = trio.PrimaryOf(0);
        var job = Assert.IsType<ClientResponse.Accepted>(
            trio.ReplyTo(trio.Ask(first, new ClientRequest.SubmitJob(Specs.Job())))).Job;
        var held = new Message.SlotHeld(new SlotKey(job, 0, 1), Boot, 1);
        Assert.Equal(first, Assert.Single(Wanted(trio, first, held)).Gate);

        trio.CutOff = first;
        trio.Pass(Duration.FromSeconds(20));
        var next = GateTrio.Gates.First(gate => gate != first && trio.GateOf(gate).LedGroups.Contains(0));

        // It is heard again before it hears of the other.
        trio.CutOff = null;
        Assert.Empty(Wanted(trio, first, held with { Question = 2 }));
        Assert.Single(Wanted(trio, next, held with { Question = 3 }));
    }

    [Fact]
    public void A_gate_that_surely_leads_no_more_starts_nothing()
    {
        var trio = new GateTrio { StartsNothing = true };
        var first = trio.PrimaryOf(0);
        trio.Ask(first, new ClientRequest.SubmitJob(Specs.Job()));
        Assert.Contains(trio.Told, told => told.Gate == first && told.Message is Message.StartSlot);

        // It is heard by everybody and hears of nothing.
        trio.Deaf = first;
        trio.Pass(Duration.FromSeconds(10));
        trio.Told.Clear();
        trio.Pass(Duration.FromSeconds(20));

        Assert.DoesNotContain(trio.Told, told => told.Gate == first && told.Message is Message.StartSlot);

        trio.Deaf = null;
        trio.Pass(Duration.FromSeconds(10));
        Assert.Contains(trio.Told, told => told.Message is Message.StartSlot);
    }

    private static List<(NodeId Gate, Message Message)> Wanted(
        GateTrio trio, NodeId gate, Message.SlotHeld held)
    {
        trio.Told.Clear();
        trio.Tell(gate, held);
        return [.. trio.Told.Where(told => told.Message is Message.SlotWanted)];
    }

    private static Message Of(string kind, SlotKey key) => kind switch
    {
        "reserved" => new Message.SlotReserved(key, Duration.Zero),
        "started" => new Message.SlotStarted(key),
        "progressed" => new Message.SlotProgressed(key, Boot, 1, []),
        "held" => new Message.SlotHeld(key, Boot, 1),
        "budget" => new Message.BudgetAsked(key, 0),
        _ => throw new ArgumentException(kind),
    };
}
