using CsCheck;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Durability;

/// <summary>A disk that lost something begins a new life; nothing that is left of the old one is
/// deleted.</summary>
public sealed class DiskLifeTests
{
    private const int Replicas = 3;

    private static readonly string[] Damages = ["frame", "segment", "identity", "no identity", "log"];

    [Fact]
    public void Damage_in_the_middle_begins_a_life_with_the_records_before_it()
    {
        var history = Filled(batches: 6);
        var segment = WalFiles.Segment(1);
        history.Disk.Flip(segment, OffsetOf(history, record: 4) + 50, 1);
        var damaged = history.Disk.BytesOf(segment).ToArray();

        var opening = LogHistory.Opening(history.Disk.Read(), Replicas);
        history.Do(opening.Plan);

        Assert.Null(opening.Fault);
        Assert.Equal((WalVerdict.Corrupt, true), (opening.Verdict, opening.BeginsLife));
        Assert.Equal((3, 2L), (opening.Recovered.Records.Count, opening.Recovered.NewLife));
        Assert.Contains("record 4", opening.Notes[0], StringComparison.Ordinal);
        Assert.Contains(segment, opening.Notes[0], StringComparison.Ordinal);
        Assert.Contains("offset", opening.Notes[0], StringComparison.Ordinal);
        Assert.Equal(damaged, history.Disk.BytesOf($"damaged-1/{segment}"));
        var again = LogHistory.Opening(history.Disk.Read(), Replicas);
        Assert.Equal((WalVerdict.Clean, false), (again.Verdict, again.BeginsLife));
        Assert.Equal((3, 2L), (again.Recovered.Records.Count, again.Recovered.NewLife));
    }

    [Theory]
    [InlineData("frame", 2)]
    [InlineData("header", 0)]
    [InlineData("segment", 0)]
    [InlineData("identity", 6)]
    [InlineData("no identity", 6)]
    [InlineData("log", 0)]
    public void Whatever_is_damaged_costs_a_life_and_no_more_records_than_it_must(string what, int kept)
    {
        var history = Filled(batches: 6);
        Damage(history, what);

        var opening = LogHistory.Opening(history.Disk.Read(), Replicas);
        history.Do(opening.Plan);

        Assert.Null(opening.Fault);
        Assert.True(opening.BeginsLife);
        Assert.Equal(kept, opening.Recovered.Records.Count);
        var again = LogHistory.Opening(history.Disk.Read(), replicas: 1);
        Assert.Equal((WalVerdict.Clean, 2L), (again.Verdict, again.Recovered.NewLife));
        Assert.True(again.Boot.Value != opening.Boot.Value);
    }

    [Fact]
    public void Damaged_snapshots_leave_what_the_log_before_them_still_shows()
    {
        var history = Filled(batches: 30);
        history.Do(history.PlanSnapshot(10));
        history.Do(history.PlanSnapshot(20));
        history.Disk.Flip(WalFiles.Snapshot(20), 9, 1);
        history.Disk.Flip(WalFiles.Snapshot(10), 9, 1);

        var opening = LogHistory.Opening(history.Disk.Read(), Replicas);
        history.Do(opening.Plan);

        Assert.True(opening.BeginsLife);
        Assert.Equal((0, 2L), (opening.Recovered.LastLsn, opening.Recovered.NewLife));
        Assert.Contains($"damaged-1/{WalFiles.Snapshot(10)}", history.Disk.Names);
        Assert.Contains($"damaged-1/{WalFiles.Snapshot(20)}", history.Disk.Names);
    }

    [Fact]
    public void A_crash_anywhere_while_a_life_begins_never_brings_the_earlier_one_back() =>
        Gen.Select(Gen.ULong, Gen.Int[0, 4].Select(i => Damages[i]))
            .Sample(CrashWhileBeginning, iter: 40);

    [Fact]
    public void A_directory_is_made_once_and_holds_nothing_until_its_first_start_is_over()
    {
        var disk = new CrashableDisk();
        var start = LogHistory.Start(empty: EmptyDisk.Unknown);
        Assert.NotNull(Open(disk, start).Fault);
        Do(disk, DiskIdentity.Init(start, disk.Read()).Commands);

        var first = Open(disk, start);
        Assert.Null(first.Fault);
        Assert.Null(first.Recovered.NewLife);
        Assert.Equal(WalVerdict.HasIdentity, DiskIdentity.Init(start, disk.Read()).Fault?.Verdict);
        Do(disk, first.Plan);
        disk.Remove(WalFiles.Segment(1));
        var fault = Open(disk, start).Fault;
        Assert.Equal(WalVerdict.Corrupt, fault?.Verdict);
        Assert.Contains("record 1 is missing", fault!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lost_disk_is_recovered_into_a_life_above_what_it_tells()
    {
        var history = Filled(batches: 3);
        var plan = DiskIdentity.Recover(LogHistory.Start(Replicas), null, history.Disk.Read());
        Assert.Equal((2, "damaged-1"), (plan.Incarnation, plan.SetAside));
        history.Do(plan.Commands);

        var opening = LogHistory.Opening(history.Disk.Read(), Replicas);
        Assert.Equal((0, 2L), (opening.Recovered.LastLsn, opening.Recovered.NewLife));
        Assert.False(opening.BeginsLife);
        Assert.Contains($"damaged-1/{WalFiles.Segment(1)}", history.Disk.Names);
    }

    [Fact]
    public void A_recovery_takes_the_number_it_is_told_if_it_is_above_the_known_one()
    {
        var history = Filled(batches: 1);
        history.Do(DiskIdentity.Recover(LogHistory.Start(Replicas), 40, history.Disk.Read()).Commands);
        foreach (var asked in new long[] { 1, 39, 40 })
        {
            var refused = DiskIdentity.Recover(LogHistory.Start(Replicas), asked, history.Disk.Read());
            Assert.Contains("not above 40", refused.Fault!.Message, StringComparison.Ordinal);
            Assert.Empty(refused.Commands);
        }

        var above = DiskIdentity.Recover(LogHistory.Start(Replicas), 41, history.Disk.Read());
        Assert.Equal(41, above.Incarnation);
        var empty = DiskIdentity.Recover(LogHistory.Start(Replicas), null, []);
        Assert.Equal((1_800_000_000L << 20, null), (empty.Incarnation, empty.SetAside));
    }

    [Fact]
    public void Another_nodes_disk_and_one_without_replicas_are_not_recovered()
    {
        var history = Filled(batches: 1);
        var other = new WalIdentity("test", NodeId.Of("gate-2"));
        var foreign = LogHistory.Start(Replicas) with { Identity = other };
        Assert.Equal(
            WalVerdict.ForeignNode, DiskIdentity.Recover(foreign, null, history.Disk.Read()).Fault?.Verdict);
        var alone = DiskIdentity.Recover(LogHistory.Start(1), null, history.Disk.Read());
        Assert.Equal(WalVerdict.NoReplica, alone.Fault?.Verdict);
        Assert.Empty(alone.Commands);
    }

    [Fact]
    public void What_was_set_aside_shows_that_a_node_was_here()
    {
        var left = new DiskFile("damaged-3", 0, default);

        var opening = WriteAheadLog.Open(LogHistory.Options, LogHistory.Start(), [left]);

        Assert.Equal(WalVerdict.Corrupt, opening.Fault?.Verdict);
        Assert.NotNull(DiskIdentity.Init(LogHistory.Start(), [left]).Fault);
        var life = WriteAheadLog.Open(LogHistory.Options, LogHistory.Start(Replicas), [left]);
        Assert.Equal(1_800_000_000, life.Recovered.NewLife >> 20);
    }

    private static void CrashWhileBeginning((ulong Seed, string What) plan)
    {
        var rng = new Rng(plan.Seed);
        var history = Filled(batches: 12);
        history.Do(history.PlanSnapshot(3));
        Damage(history, plan.What);
        // The damage is on the disk, whatever was synced before it.
        history = new LogHistory { Disk = history.Disk.Settled() };
        var commands = LogHistory.Opening(history.Disk.Read(), Replicas).Plan;
        for (var i = 0; i <= commands.Count; i++)
        {
            var disk = history.Disk.Crash(rng);
            for (var crashes = rng.Below(3); crashes > 0; crashes--)
            {
                var opening = Open(disk, LogHistory.Start(Replicas, EmptyDisk.Unknown));
                Do(disk, [.. opening.Plan.Take((int)rng.Below(opening.Plan.Count + 1))]);
                disk = disk.Crash(rng);
            }

            var last = Open(disk, LogHistory.Start(Replicas, EmptyDisk.Unknown));
            Assert.Null(last.Fault);
            Assert.True(last.Recovered.NewLife >= 2);
            Do(disk, last.Plan);
            var after = Open(disk, LogHistory.Start(replicas: 1, EmptyDisk.Unknown));
            Assert.Equal(WalVerdict.Clean, after.Verdict);
            Assert.Equal(last.Recovered.Incarnation, after.Recovered.Incarnation);
            Assert.Equal(last.Recovered.LastLsn, after.Recovered.LastLsn);
            Assert.Equal(last.Boot.Value + 1, after.Boot.Value);
            if (i < commands.Count) history.Disk.Execute(commands[i]);
        }
    }

    private static void Damage(LogHistory history, string what)
    {
        switch (what)
        {
            case "frame": history.Disk.Flip(WalFiles.Segment(1), OffsetOf(history, 3) + 20, 4); break;
            case "header": history.Disk.Flip(WalFiles.Segment(1), 30, 4); break;
            case "segment": history.Disk.Remove(WalFiles.Segment(1)); break;
            case "identity": history.Disk.Flip(WalFiles.Identity, 100, 4); break;
            case "no identity": history.Disk.Remove(WalFiles.Identity); break;
            default:
                foreach (var name in history.Disk.Names.ToArray())
                    if (name.EndsWith(".seg", StringComparison.Ordinal)) history.Disk.Remove(name);
                break;
        }
    }

    private static WalOpening Open(CrashableDisk disk, DiskStart start) =>
        WriteAheadLog.Open(LogHistory.Options, start, disk.Read());

    private static void Do(CrashableDisk disk, IReadOnlyList<DiskCommand> plan)
    {
        foreach (var command in plan) disk.Execute(command);
    }

    // Each record has a frame of one block.
    private static int OffsetOf(LogHistory history, int record)
    {
        Assert.InRange(record, 1, history.Records.Count);
        return WalSegment.HeaderBytes + ((record - 1) * WalFrame.BlockBytes);
    }

    private static LogHistory Filled(int batches)
    {
        var history = new LogHistory();
        var rng = new Rng(5);
        history.Do(history.PlanOpen());
        history.Disk.LosesRecords = true;
        for (var i = 0; i < batches; i++) history.Do(history.PlanAppend(LogHistory.Record(rng, 700)));
        return history;
    }
}
