using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using static Hyperscale.Det.Tests.Core.Nodes.Dispatch;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>A worker that takes no work any more (AD-41).</summary>
public sealed class WorkerOverBudgetTests
{
    [Fact]
    public void It_tells_its_manager_in_the_same_step_and_does_not_wait_for_its_next_heartbeat()
    {
        var bench = new WorkerBench();
        for (var i = 0; bench.Node.OverBudget is null; i++)
        {
            Assert.True(i < 20);
            bench.Pass(Seconds(1), isAnswered: true);
            bench.Forget();
            bench.When(new NodeInput.ResourcesSampled([], new NodeReading(bench.Now, 0, 990, 1000)));
        }

        var told = Assert.Single(bench.SentTo<Message.WorkerHeartbeat>(Manager));
        Assert.Equal(bench.Node.OverBudget, told.Resources!.OverBudget);
    }
}
