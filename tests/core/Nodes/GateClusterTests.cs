using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Every gate tells of the ledger groups that it keeps, and any gate of all of them.</summary>
public sealed class GateClusterTests
{
    private static readonly GateReplicas OfOther = new(
        GateBench.GateB,
        [new ReplicaState(3, VsrStatus.LostDisk, 7, GateBench.GateA, false, false, 20, 21, 2)]);

    [Fact]
    public void A_gate_tells_of_its_own_groups_without_asking_anybody()
    {
        var bench = new GateBench(GateBench.TwoGates);
        bench.Submit(Specs.Job());
        bench.Forget();
        bench.Ask(new ClientRequest.GetCluster(LocalOnly: true));

        Assert.Empty(bench.Sent);
        var cluster = Assert.IsType<ClientResponse.Cluster>(Assert.Single(bench.Replies));
        var own = Assert.Single(cluster.Gates);
        Assert.Equal(GateBench.GateA, own.Gate);
        Assert.Equal(
            bench.Gate.Replicas.Select(replica => replica.Group), own.Groups.Select(group => group.Group));
        Assert.Equal(
            bench.Gate.LedGroups, own.Groups.Where(group => group.IsPrimary).Select(group => group.Group));
        foreach (var group in own.Groups.Where(group => group.IsPrimary))
        {
            Assert.Equal((bench.Gate.FenceOf(group.Group), GateBench.GateA), (group.View, group.Primary));
            Assert.Equal((VsrStatus.Normal, 1L), (group.Status, group.Life));
            Assert.InRange(group.Commit, 1, group.Op);
        }
    }

    [Fact]
    public void What_the_others_say_of_themselves_comes_together()
    {
        var bench = new GateBench(GateBench.TwoGates);
        var call = Called(bench);
        Assert.Equal(new ClientRequest.GetCluster(LocalOnly: true), call.Request);
        bench.Receive(
            GateBench.GateB,
            new Message.ClientAnswer(call.CallId, new ClientResponse.Cluster([OfOther], [])));

        var cluster = Assert.IsType<ClientResponse.Cluster>(Assert.Single(bench.Replies));
        Assert.Equal([GateBench.GateA, GateBench.GateB], cluster.Gates.Select(gate => gate.Gate));
        Assert.Same(OfOther, cluster.Gates[1]);
        Assert.Empty(cluster.Missing);
    }

    [Theory]
    [InlineData("silence")]
    [InlineData("send failed")]
    [InlineData("unavailable")]
    public void A_gate_that_does_not_answer_is_named(string why)
    {
        var bench = new GateBench(GateBench.TwoGates);
        var call = Called(bench);
        if (why == "silence") bench.Pass(bench.Config.ForwardDeadline);
        if (why == "send failed") bench.When(new NodeInput.SendFailed(GateBench.GateB, call));
        if (why == "unavailable")
            bench.Receive(GateBench.GateB, new Message.ClientAnswer(
                call.CallId, new ClientResponse.Unavailable("busy", Duration.FromSeconds(1))));

        var cluster = Assert.IsType<ClientResponse.Cluster>(Assert.Single(bench.Replies));
        Assert.Equal(["gate-b"], cluster.Missing);
        Assert.Equal(GateBench.GateA, Assert.Single(cluster.Gates).Gate);
    }

    private static Message.ClientCall Called(GateBench bench)
    {
        bench.Forget();
        var effects = bench.Ask(new ClientRequest.GetCluster(LocalOnly: false), requestId: 5);
        var (to, message) = Assert.Single(
            GateBench.SentIn(effects), sent => sent.Message is Message.ClientCall);
        Assert.Equal(GateBench.GateB, to);
        return Assert.IsType<Message.ClientCall>(message);
    }
}
