using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Json;

public sealed class ClusterReplicasTests
{
    private static readonly NodeId A = NodeId.Of("gate-a");
    private static readonly NodeId B = NodeId.Of("gate-b");

    [Theory]
    [InlineData(VsrStatus.Normal, true, "primary")]
    [InlineData(VsrStatus.Normal, false, "takingOver")]
    [InlineData(VsrStatus.ViewChange, false, "viewChange")]
    [InlineData(VsrStatus.CatchingUp, false, "catchingUp")]
    [InlineData(VsrStatus.LostDisk, false, "lostDisk")]
    public void A_role_says_what_the_replica_does(VsrStatus status, bool isPrimary, string role)
    {
        var group = Single(new ReplicaState(3, status, 5, A, isPrimary, true, 10, 12, 2));

        Assert.Equal(
            new GroupJson(3, role, 5, "gate-a", isPrimary ? 5 : null, true, 10, 12, 0, 2), group);
    }

    [Fact]
    public void A_replica_lags_behind_the_furthest_one_of_its_group()
    {
        var gates = ClusterReplicas.Of(
        [
            new GateReplicas(A, [Backup(1, commit: 30), Backup(2, commit: 5)]),
            new GateReplicas(B, [Backup(1, commit: 12), Backup(3, commit: 0)]),
        ]);

        Assert.Equal([0L, 0L], gates[0].Groups.Select(group => group.Lag));
        Assert.Equal([18L, 0L], gates[1].Groups.Select(group => group.Lag));
        Assert.Equal("backup", gates[1].Groups[0].Role);
    }

    private static GroupJson Single(ReplicaState state) =>
        ClusterReplicas.Of([new GateReplicas(A, [state])])[0].Groups[0];

    private static ReplicaState Backup(int group, long commit) =>
        new(group, VsrStatus.Normal, 1, NodeId.Of("gate-c"), false, false, commit, commit, 1);
}
