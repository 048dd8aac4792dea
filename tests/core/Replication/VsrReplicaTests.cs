using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

public sealed class VsrReplicaTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_fresh_group_commits(int replicas)
    {
        var cluster = new VsrCluster(replicas, seed: 1);
        Assert.True(cluster.Heal(), cluster.ToString());
    }

    [Fact]
    public void Committed_entries_stay_and_healing_agrees_whatever_is_lost_doubled_reordered_or_crashed() =>
        Gen.ULong.Sample(seed => Run(seed, steps: 600), iter: 2000);

    private static bool Run(ulong seed, int steps)
    {
        var rng = new Rng(seed);
        var replicas = rng.Pick([3, 3, 3, 5]);
        var cluster = new VsrCluster(replicas, seed, keptEntries: (int)rng.Between(1, 6));
        var mayLoseDisk = rng.Chance(1, 2);
        var loss = rng.Below(4);
        byte value = 0;
        for (var step = 0; step < steps; step++)
        {
            var i = (int)rng.Below(replicas);
            var node = cluster.Nodes[i];
            switch (rng.Below(20))
            {
                case 0 when node.Replica is not null && rng.Chance(1, 3):
                    cluster.Crash(i, rng);
                    break;
                case 1 when node.Replica is null:
                    cluster.Start(i);
                    break;
                case 2 when node.Replica is not null:
                    cluster.Suspect(i, (int)((i + 1 + rng.Below(replicas - 1)) % replicas), rng.Chance(1, 2));
                    break;
                case 3 or 4: cluster.Tick(i); break;
                case 5 when cluster.Nodes.All(n => n.Replica is { Status: not VsrStatus.LostDisk })
                    && mayLoseDisk && rng.Chance(1, 6) && AllCaughtUp(cluster):
                    cluster.LoseDisk(i);
                    break;
                case 6 when rng.Chance(1, 3):
                    cluster.Snapshot(i);
                    break;
                case 7 or 8 when node.Replica is { IsPrimary: true }:
                    cluster.Propose(i, value++);
                    break;
                case < 13:
                    cluster.Sync(i, (int)rng.Between(1, 3));
                    break;
                default:
                    if (cluster.InNetwork == 0) break;
                    var index = (int)rng.Below(cluster.InNetwork);
                    if (rng.Below(20) < loss) cluster.Drop(index);
                    else cluster.Deliver(index, keep: rng.Chance(1, 10));
                    break;
            }
        }

        Assert.True(cluster.Heal(), cluster.ToString());
        return true;
    }

    // At most as many may be without their promises as a quorum can spare.
    private static bool AllCaughtUp(VsrCluster cluster) =>
        cluster.Nodes.All(n =>
            n.Replica!.Status is (VsrStatus.Normal or VsrStatus.ViewChange) && !n.Fold().IsDiskLost);
}
