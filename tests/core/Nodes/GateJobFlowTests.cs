using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

public sealed class GateJobFlowTests
{
    [Fact]
    public void A_job_goes_from_its_submission_through_its_datacenters_to_its_end()
    {
        var bench = new GateBench();
        bench.Ask(new ClientRequest.SubmitJob(Specs.Job(count: 2)));
        var job = Assert.IsType<ClientResponse.Accepted>(Assert.Single(bench.Replies)).Job;
        foreach (var (slot, manager) in new[] { (0, GateBench.East), (1, GateBench.West) })
        {
            var key = new SlotKey(job, slot, 1);
            Assert.Contains(bench.Sent, sent => sent.To == manager
                && sent.Message is Message.ReserveSlot reserve && reserve.Slot == key);
            bench.Receive(manager, new Message.SlotReserved(key, Duration.Zero));
            Assert.Contains((manager, new Message.StartSlot(key, bench.Gate.Fence)), bench.Sent);
            bench.Receive(manager, new Message.SlotStarted(key));
            bench.Receive(manager, new Message.SlotFinished(key, Specs.Outcome()));
            Assert.Contains((manager, new Message.SlotResultCommitted(key, bench.Gate.Fence)), bench.Sent);
        }

        Assert.True(bench.Gate.Ledger.TryGet(job, out var ended));
        Assert.Equal(JobState.Completed, ended.State);
        Assert.Equal(Instant.Never, bench.Gate.NextDeadline);
    }
}
