using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Protocol;

public sealed class HandshakeTests
{
    private static readonly Topology Topology = new(
        "load",
        [NodeId.Of("gate-1"), NodeId.Of("gate-2")],
        [
            new DatacenterTopology("dc-a", [NodeId.Of("a/manager-1"), NodeId.Of("a/manager-2")]),
            new DatacenterTopology("dc-b", [NodeId.Of("b/manager-1")]),
        ]);

    private static readonly Hello Gate = Of(NodeRole.Gate, "", "gate-1");
    private static readonly Hello OtherGate = Of(NodeRole.Gate, "", "gate-2");
    private static readonly Hello Manager = Of(NodeRole.Manager, "dc-a", "a/manager-1");
    private static readonly Hello OtherManager = Of(NodeRole.Manager, "dc-a", "a/manager-2");
    private static readonly Hello FarManager = Of(NodeRole.Manager, "dc-b", "b/manager-1");
    private static readonly Hello Worker = Of(NodeRole.Worker, "dc-a", "a/worker-7");
    private static readonly Hello FarWorker = Of(NodeRole.Worker, "dc-b", "b/worker-7");
    private static readonly Hello Client = Of(NodeRole.Client, "", "laptop");

    public static TheoryData<string, string, bool> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string, bool>();
            Hello[] all = [Gate, OtherGate, Manager, OtherManager, FarManager, Worker, FarWorker, Client];
            (Hello, Hello)[] welcome =
            [
                (Gate, OtherGate), (Gate, Manager), (Gate, OtherManager), (Gate, FarManager), (Gate, Client),
                (OtherGate, Manager), (OtherGate, OtherManager), (OtherGate, FarManager), (OtherGate, Client),
                (Manager, OtherManager), (Manager, Worker), (OtherManager, Worker), (FarManager, FarWorker),
            ];
            foreach (var own in all)
                foreach (var peer in all.Where(peer => peer != own))
                    pairs.Add(
                        own.Node.Name,
                        peer.Node.Name,
                        welcome.Contains((own, peer)) || welcome.Contains((peer, own)));
            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Roles_of_one_cluster_meet_as_they_should(string own, string peer, bool isWelcome)
    {
        Hello[] all = [Gate, OtherGate, Manager, OtherManager, FarManager, Worker, FarWorker, Client];
        var hellos = all.ToDictionary(hello => hello.Node.Name);

        Assert.Equal(isWelcome, Refusal(hellos[own], hellos[peer]) is null);
        Assert.Equal(isWelcome, Refusal(hellos[own], hellos[peer], hellos[peer].Node) is null);
    }

    [Fact]
    public void A_peer_of_another_major_version_is_refused() => Assert.Equal(
        "gate 'gate-2' speaks protocol 2.7; 1.x is allowed",
        Refusal(Gate, OtherGate with { Version = new ProtocolVersion(2, 7) }));

    [Fact]
    public void A_peer_of_another_minor_version_is_welcome() =>
        Assert.Null(Refusal(Gate, OtherGate with { Version = new ProtocolVersion(1, 9) }));

    [Fact]
    public void A_peer_of_another_cluster_is_refused() => Assert.Equal(
        "manager 'a/manager-1' is of cluster 'prod'; only nodes of 'load' are allowed",
        Refusal(Gate, Manager with { ClusterId = "prod" }));

    [Fact]
    public void A_peer_with_this_nodes_id_is_refused() => Assert.Equal(
        "gate 'gate-1' uses this node's own id; every node of a cluster has an id of its own",
        Refusal(Gate, Gate with { Boot = new BootId(99) }));

    [Fact]
    public void Another_node_than_the_one_dialed_is_refused() => Assert.Equal(
        "gate 'gate-2' answered where 'a/manager-1' was dialed; only 'a/manager-1' is allowed there",
        Refusal(Gate, OtherGate, expected: Manager.Node));

    [Fact]
    public void A_role_that_has_no_business_here_is_refused() => Assert.Equal(
        "worker 'a/worker-7' may not speak with a gate; allowed are gates, managers, clients",
        Refusal(Gate, Worker));

    [Fact]
    public void A_gate_that_nobody_configured_is_refused() => Assert.Equal(
        "gate 'gate-9' is unknown; gate-1, gate-2 are configured",
        Refusal(Gate, Of(NodeRole.Gate, "", "gate-9")));

    [Fact]
    public void A_client_with_the_id_of_a_gate_is_refused() => Assert.Equal(
        "client 'gate-2' uses the id of a configured gate; another id is needed",
        Refusal(Gate, Client with { Node = OtherGate.Node }));

    [Fact]
    public void A_worker_of_another_datacenter_is_refused() => Assert.Equal(
        "worker 'b/worker-7' is of datacenter 'dc-b'; only nodes of 'dc-a' are allowed",
        Refusal(Manager, FarWorker));

    [Fact]
    public void A_manager_that_is_configured_elsewhere_is_refused() => Assert.Equal(
        "manager 'b/manager-1' says it is of datacenter 'dc-a'; it is configured in 'dc-b'",
        Refusal(Gate, FarManager with { Datacenter = "dc-a" }));

    [Fact]
    public void A_hello_comes_back() => Hellos.Sample(hello =>
    {
        Assert.True(Hello.TryDecode(hello.Encode(), out var back, out var fault), fault);
        Assert.Equal(hello, back);
        Assert.InRange(hello.Encode().Length, 1, Hello.BytesMax);
    });

    [Fact]
    public void A_hello_of_another_major_version_is_understood_as_far_as_its_version()
    {
        var writer = new FieldWriter();
        writer.Packed(0x4853);
        writer.Number(1, 2);
        writer.Number(2, 4);
        writer.Number(3, 77);

        Assert.False(Hello.TryDecode(writer.Written, out _, out var fault));
        Assert.Equal("the peer speaks protocol 2.4; 1.x is allowed", fault);
    }

    [Fact]
    public void Bytes_without_the_magic_are_no_hello()
    {
        Assert.False(Hello.TryDecode(Gate.Encode().AsSpan(3), out _, out var fault));
        Assert.Equal("the first frame is no hello; only nodes of a cluster may connect here", fault);
    }

    [Fact]
    public void A_hello_without_its_end_names_what_is_missing()
    {
        Assert.False(Hello.TryDecode(Gate.Encode().AsSpan()[..^9], out _, out var fault));
        Assert.Equal("malformed hello: boot id is missing", fault);
    }

    [Fact]
    public void Damaged_hellos_are_judged_and_never_thrown_at() => Gen.Select(
        Hellos, Gen.Int[0, 10_000], Gen.Int[0, 10_000], Gen.Byte).Sample((hello, at, cut, value) =>
        {
            var bytes = hello.Encode();
            bytes[at % bytes.Length] = value;
            var part = bytes.AsSpan(0, cut % (bytes.Length + 1));
            var isRead = Hello.TryDecode(part, out var back, out var fault);
            Assert.Equal(isRead, fault == "");
            Assert.Equal(isRead, back is not null);
        });

    private static Gen<Hello> Hellos => Gen.Select(
        Gen.Int[0, 1_000_000],
        Gen.String[0, Hello.ClusterIdLengthMax],
        Gen.Enum<NodeRole>(),
        Gen.String[0, 128],
        MessageGens.Node,
        Gen.ULong,
        (minor, cluster, role, datacenter, node, boot) => new Hello(
            new ProtocolVersion(1, minor), cluster, role, datacenter, node, new BootId(boot)));

    private static Hello Of(NodeRole role, string datacenter, string node) =>
        new(ProtocolVersion.Current, "load", role, datacenter, NodeId.Of(node), new BootId(5));

    private static string? Refusal(Hello own, Hello peer, NodeId? expected = null) =>
        new Handshake(own, Topology.Members).Refusal(peer, expected);
}
