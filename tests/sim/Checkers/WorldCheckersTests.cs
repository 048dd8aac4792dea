using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Sim.Checkers;
using Hyperscale.Det.Sim.Runs;

namespace Hyperscale.Det.Tests.Sim.Checkers;

/// <summary>The checkers of the run as a whole notice what they are there for.</summary>
public sealed class WorldCheckersTests
{
    [Fact]
    public void A_calm_world_of_real_nodes_breaks_nothing()
    {
        var result = PlanRunner.Run(CheckerPlans.OneSubmission);

        Assert.Null(result.Failure);
        Assert.Equal((1, 1), (result.Figures.Jobs, result.Figures.Attempts));
    }

    [Fact]
    public void A_request_that_is_never_answered_is_noticed()
    {
        var failure = Failure(new Script(), new Liveness());

        Assert.Equal("liveness", failure?.Checker);
        Assert.Contains("2 requests unanswered", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_rule_of_a_node_is_noticed()
    {
        var failure = Failure(new Script { IsBroken = true });

        Assert.Equal("invariants", failure?.Checker);
    }

    [Fact]
    public void An_exception_of_a_node_is_noticed()
    {
        var failure = Failure(new Script { OnInput = (_, _, _) => throw new FormatException("bad") });

        Assert.Equal("no-exception", failure?.Checker);
        Assert.Contains("FormatException: bad", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mailbox_beyond_its_bound_is_noticed()
    {
        var bench = new CheckerBench(new BoundedQueues(), CheckerPlans.OneSubmission.With(CalmPlan.Host with
        {
            MailboxMax = 3,
            BatchMax = 1,
            BatchCost = Duration.FromSeconds(1),
        }));
        bench.Run();
        for (var i = 0; i < 1000; i++) bench.Host(CheckerBench.Worker).Post(new NodeInput.PeerLost(default));

        Assert.Contains("inputs waiting", bench.BreaksWhenRun(seconds: 400), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_is_not_the_same_again_is_noticed()
    {
        var steps = 0;
        var script = new Script();
        script.OnInput = (_, _, _) => steps++;
        // What is told to the world depends on something outside of it.
        script.Deadline = now => steps < 100 ? now + Duration.FromMilliseconds(10) : Instant.Never;

        var result = PlanRunner.RunTwice(
            CheckerPlans.OneSubmission, place => new ScriptedNode(place.Id, script));

        Assert.Equal("determinism", result.Failure?.Checker);
    }

    private static RunFailure? Failure(Script script, params Checker[] checkers) => PlanRunner.Run(
        CheckerPlans.OneSubmission,
        createNode: place => new ScriptedNode(place.Id, script),
        checkers: checkers).Failure;
}
