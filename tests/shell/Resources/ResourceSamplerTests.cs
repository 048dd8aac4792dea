using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Resources;
using Hyperscale.Det.Shell.Workloads;
using Hyperscale.Det.Tests.Shell.Transport;

namespace Hyperscale.Det.Tests.Shell.Resources;

public sealed class ResourceSamplerTests
{
    [Fact]
    public async Task Workloads_are_told_of_where_the_machine_cannot_be_read()
    {
        using var mailbox = new ChannelMailbox<NodeInput>(4);
        var log = new LogLines();
        await using var sampler = new ResourceSampler(
            NodeId.Of("east/worker-1"), Duration.FromMilliseconds(20), mailbox, new OneWorkload(),
            () => Instant.Zero, TimeProvider.System, log, _ => throw new IOException("no meminfo"));

        Assert.True(await mailbox.WaitAsync());
        List<NodeInput> told = [];
        mailbox.Drain(told, max: 1);

        var sampled = Assert.IsType<NodeInput.ResourcesSampled>(told[0]);
        Assert.Single(sampled.Workloads);
        Assert.Null(sampled.Node);
        Assert.Equal("one", sampled.Enforcer);
        await log.NextAsync("looking at its resources failed");
    }

    [Fact]
    public async Task A_look_is_left_out_while_the_node_has_not_taken_the_last_one()
    {
        using var mailbox = new ChannelMailbox<NodeInput>(4);
        await using var sampler = new ResourceSampler(
            NodeId.Of("east/worker-1"), Duration.FromMilliseconds(5), mailbox, new OneWorkload(),
            () => Instant.Zero, TimeProvider.System, new LogLines());
        List<NodeInput> told = [];

        await Task.Delay(200, TestContext.Current.CancellationToken);
        mailbox.Drain(told, max: 100);
        Assert.Single(told);
        // Drained is not taken.
        await Task.Delay(50, TestContext.Current.CancellationToken);
        mailbox.Drain(told, max: 100);
        Assert.Single(told);
        sampler.OnTaken();

        Assert.True(await mailbox.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private sealed class OneWorkload : IWorkloadRunner
    {
        public string Enforcer => "one";

        public void Start(AttemptKey attempt, WorkflowSpec workflow)
        {
        }

        public void Stop(AttemptKey attempt, WorkloadSignal signal)
        {
        }

        public void Throttle(AttemptKey attempt, ThrottleOrder? order)
        {
        }

        public void HoldRamp(AttemptKey attempt, bool isHeld)
        {
        }

        public IReadOnlyList<WorkloadReading> Sample(Func<Instant> now) =>
            [new WorkloadReading(default, new TreeReading(now(), []))];

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
