using CsCheck;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Disk;

namespace Hyperscale.Det.Tests.Sim.Disk;

public sealed class SimDirectoryTests
{
    private const string File = "snap-0000000000000001.snp";
    private const int Sectors = 8;

    [Fact]
    public void A_crash_keeps_what_was_synced() => Gen.ULong.Sample(seed =>
    {
        var directory = Synced();

        var left = directory.Crash(new Rng(seed), out var lostSome);

        Assert.False(lostSome);
        Assert.Equal(Old(), Assert.Single(left.Read()).Bytes.ToArray());
    });

    [Fact]
    public void A_crash_may_lose_or_tear_what_was_not_synced()
    {
        var outcomes = new SortedSet<string>(StringComparer.Ordinal);
        for (var seed = 0UL; seed < 200; seed++)
        {
            var directory = Synced();
            directory.Execute(new DiskCommand.Write(File, 0, New()));

            var left = Assert.Single(directory.Crash(new Rng(seed), out var lostSome).Read()).Bytes.ToArray();

            Assert.All(Enumerable.Range(0, left.Length), at => Assert.True(left[at] is 1 or 2));
            Assert.Equal(lostSome, left.Contains((byte)1));
            for (var sector = 0; sector < Sectors; sector++)
                outcomes.Add(Kind(left.AsSpan(sector * 512, 512)));
        }

        Assert.Equal(["lost", "there", "torn"], outcomes);
    }

    [Fact]
    public void A_name_that_was_not_synced_is_there_or_not()
    {
        var counts = Enumerable.Range(0, 100).Select(seed =>
        {
            var directory = Synced();
            directory.Execute(new DiskCommand.Rename(File, "wal.spare"));
            return Assert.Single(directory.Crash(new Rng((ulong)seed), out _).Read()).Name;
        }).CountBy(name => name).ToList();

        Assert.Equal(2, counts.Count);
    }

    [Fact]
    public void A_failed_sync_leaves_bytes_that_no_later_sync_covers()
    {
        var lost = Enumerable.Range(0, 50).Count(seed =>
        {
            var directory = Synced();
            directory.Execute(new DiskCommand.Write(File, 0, New()));
            directory.FailSync(File);
            directory.Execute(new DiskCommand.SyncFile(File));
            Assert.Equal(New(), Assert.Single(directory.Read()).Bytes.ToArray());
            directory.Crash(new Rng((ulong)seed), out var lostSome);
            return lostSome;
        });

        Assert.True(lost > 0);
    }

    [Fact]
    public void What_is_written_anew_and_synced_after_a_failed_sync_is_safe()
    {
        for (var seed = 0UL; seed < 50; seed++)
        {
            var directory = Synced();
            directory.Execute(new DiskCommand.Write(File, 0, New()));
            directory.FailSync(File);
            directory.Execute(new DiskCommand.Write(File, 0, New()));
            directory.Execute(new DiskCommand.SyncFile(File));

            var survivor = directory.Crash(new Rng(seed), out var lostSome);
            Assert.False(lostSome);
            Assert.Equal(New(), Assert.Single(survivor.Read()).Bytes.ToArray());
        }
    }

    [Fact]
    public void A_killed_process_loses_nothing_that_it_wrote()
    {
        var directory = Synced();
        directory.Execute(new DiskCommand.Write(File, 0, New()));

        Assert.Equal(New(), Assert.Single(directory.Read()).Bytes.ToArray());
        Assert.True(directory.HasUnsynced);
    }

    private static SimDirectory Synced()
    {
        var directory = new SimDirectory();
        directory.Execute(new DiskCommand.CreateFile(File, Sectors * 512));
        directory.Execute(new DiskCommand.Write(File, 0, Old()));
        directory.Execute(new DiskCommand.SyncFile(File));
        directory.Execute(new DiskCommand.SyncDirectory());
        return directory;
    }

    private static string Kind(ReadOnlySpan<byte> sector)
    {
        if (!sector.Contains((byte)1)) return "there";
        return sector.Contains((byte)2) ? "torn" : "lost";
    }

    private static byte[] Old() => [.. Enumerable.Repeat((byte)1, Sectors * 512)];

    private static byte[] New() => [.. Enumerable.Repeat((byte)2, Sectors * 512)];
}
