using CsCheck;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>Any history of proposals, syncs, snapshots and crashes, over many lives.</summary>
public sealed class SoleReplicaHistoryTests
{
    private enum Kind : byte { Propose, Persist, Snapshot, Crash }

    private readonly record struct Happening(Kind Kind, int Group, int Amount);

    private static readonly Gen<Happening> Happenings = Gen.Select(
        Gen.Frequency(
            (6, Gen.Const(Kind.Propose)),
            (3, Gen.Const(Kind.Persist)),
            (1, Gen.Const(Kind.Snapshot)),
            (1, Gen.Const(Kind.Crash))),
        Gen.Int[0, 3],
        Gen.Int[0, 1000],
        (kind, group, amount) => new Happening(kind, group, amount));

    [Fact]
    public void After_a_crash_at_any_point_the_ledger_is_the_committed_prefix() =>
        Happenings.List[0, 60].Sample(
            history =>
            {
                var life = new ReplicaLife();
                var views = new List<long> { life.Replica.View };
                foreach (var happening in history)
                {
                    var committed = life.Applied.ToList();
                    life = Carry(happening, life);
                    // Nothing applied is ever taken back, changed or moved.
                    Assert.Equal(committed, life.Applied.Take(committed.Count));
                    if (happening.Kind != Kind.Crash) continue;
                    views.Add(life.Replica.View);
                    Judge(life);
                }

                Judge(life);
                Assert.Equal(views.Distinct().Order(), views);
            },
            iter: 2000);

    [Fact]
    public void Equal_histories_give_equal_fingerprints_at_every_step() => Happenings.List[0, 60].Sample(
        history =>
        {
            var (first, second) = (new ReplicaLife(), new ReplicaLife());
            foreach (var happening in history)
            {
                (first, second) = (Carry(happening, first), Carry(happening, second));
                Assert.Equal(first.Fingerprint, second.Fingerprint);
            }
        });

    private static ReplicaLife Carry(Happening happening, ReplicaLife life)
    {
        var committed = (int)life.Replica.CommittedLsn;
        // Of what is in flight, a sync or a crash reaches any part.
        var reached = committed + (happening.Amount % (life.Replica.InFlight + 1));
        switch (happening.Kind)
        {
            case Kind.Propose:
                life.Propose(happening.Group, happening.Amount, stamp: happening.Amount);
                break;
            case Kind.Persist:
                life.Persist(reached);
                break;
            case Kind.Snapshot:
                life.Snapshot();
                break;
            case Kind.Crash:
                return life.Crash(kept: reached);
            default:
                throw new ArgumentException($"{happening}");
        }

        return life;
    }

    private static void Judge(ReplicaLife life)
    {
        Assert.Equal(life.Applied.Count, life.Replica.CommittedLsn);
        Assert.Equal(life.Records.Count, life.Replica.CommittedLsn + life.Replica.InFlight);
        // What is applied is what the records say, in their order, snapshot or not.
        var records = life.Records.Select(record => LogEntry.Decode(record.Span, out _)!).ToList();
        Assert.Equal(
            records.Take(life.Applied.Count)
                .Select(entry => $"{entry.Group}:{entry.Op}={BitConverter.ToInt32(entry.Command.Span)}"),
            life.Applied);
        foreach (var group in records.GroupBy(entry => entry.Group))
        {
            Assert.Equal(Enumerable.Range(1, group.Count()).Select(op => (long)op), group.Select(e => e.Op));
            Assert.Equal(group.Select(e => e.View).Order(), group.Select(e => e.View));
            Assert.Equal(group.Select(e => e.Stamp).Order(), group.Select(e => e.Stamp));
            Assert.Equal(group.Count() + 1, life.Replica.NextOp(group.Key));
        }
    }
}
