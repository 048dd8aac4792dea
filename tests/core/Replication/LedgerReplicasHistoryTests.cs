using CsCheck;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>Any history of proposals, syncs, snapshots and crashes, over many lives of a node that is alone
/// in its groups.</summary>
public sealed class LedgerReplicasHistoryTests
{
    private enum Kind : byte { Propose, Persist, Snapshot, Crash }

    private readonly record struct Happening(Kind Kind, int Group, int Amount);

    private static readonly Gen<Happening> Happenings = Gen.Select(
        Gen.Frequency(
            (6, Gen.Const(Kind.Propose)),
            (3, Gen.Const(Kind.Persist)),
            (1, Gen.Const(Kind.Snapshot)),
            (1, Gen.Const(Kind.Crash))),
        Gen.Int[0, ReplicaLife.Groups - 1],
        Gen.Int[0, 1000],
        (kind, group, amount) => new Happening(kind, group, amount));

    [Fact]
    public void After_a_crash_at_any_point_every_group_has_what_reached_the_disk() =>
        Happenings.List[0, 60].Sample(
            history =>
            {
                var life = new ReplicaLife();
                life.PersistAll();
                foreach (var happening in history)
                {
                    var applied = life.Applied.Select(commands => commands.ToList()).ToList();
                    var views = Views(life);
                    life = Carry(happening, life);
                    Assert.Equal(ReplicaVerdict.Accepted, life.Verdict);
                    if (happening.Kind == Kind.Crash)
                    {
                        life.PersistAll();
                        Assert.All(Views(life).Zip(views), view => Assert.True(view.First > view.Second));
                    }

                    // Nothing applied is ever taken back, changed or moved.
                    for (var group = 0; group < ReplicaLife.Groups; group++)
                        Assert.Equal(applied[group], life.Applied[group].Take(applied[group].Count));
                }

                life.PersistAll();
                Judge(life);
            },
            iter: 2000);

    [Fact]
    public void A_snapshot_and_the_records_behind_it_are_as_good_as_all_records() =>
        Happenings.List[0, 60].Sample(
            history =>
            {
                var life = new ReplicaLife();
                life.PersistAll();
                foreach (var happening in history) life = Carry(happening, life);
                life.PersistAll();
                var brief = life.Crash(life.Records.Count);
                var whole = life.CrashWithoutSnapshot(life.Records.Count);
                brief.PersistAll();
                whole.PersistAll();
                Assert.Equal(whole.Applied, brief.Applied);
                Assert.Equal(Views(whole), Views(brief));
                for (var group = 0; group < ReplicaLife.Groups; group++)
                    Assert.Equal(whole.Replicas.NextOp(group), brief.Replicas.NextOp(group));
            });

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
        // Of what is in flight, a sync or a crash reaches any part.
        var reached = life.Replicas.PersistedLsn + (happening.Amount % (life.InFlight + 1));
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
                return life.Crash((int)reached);
            default:
                throw new ArgumentException($"{happening}");
        }

        return life;
    }

    private static List<long> Views(ReplicaLife life) =>
        [.. Enumerable.Range(0, ReplicaLife.Groups).Select(life.Replicas.ViewOf)];

    /// <summary>What is applied is what the records say, in their order, snapshot or not.</summary>
    private static void Judge(ReplicaLife life)
    {
        var records = life.Records.Select(record => GroupRecord.Decode(record.Span)!).ToList();
        for (var group = 0; group < ReplicaLife.Groups; group++)
        {
            var entries = records.Where(record => record.Group == group)
                .Select(record => record.Record).OfType<VsrRecord.Appended>()
                .SelectMany(appended => appended.Entries).ToList();
            Assert.Equal(
                Enumerable.Range(1, entries.Count).Select(op => (long)op), entries.Select(e => e.Op));
            Assert.Equal(entries.Select(e => e.View).Order(), entries.Select(e => e.View));
            Assert.Equal(entries.Select(e => e.Stamp).Order(), entries.Select(e => e.Stamp));
            Assert.Equal(
                entries.Where(entry => !entry.IsNoop)
                    .Select(entry => BitConverter.ToInt32(entry.Command.Span)),
                life.Applied[group]);
        }
    }
}
