using System.Diagnostics;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Tests.Shell.Processes;

/// <summary>What is read of processes, and to whom signals go.</summary>
public sealed class ProcessScanTests : IDisposable
{
    private readonly DirectoryInfo _proc = Directory.CreateTempSubdirectory("proc-");

    public void Dispose() => _proc.Delete(recursive: true);

    [Fact]
    public void A_signal_goes_to_the_process_that_was_seen_and_not_to_a_later_one_of_its_id()
    {
        using var sleep = Process.Start("sleep", "60");
        try
        {
            Assert.Equal(ProcessLook.Found, ProcessScan.Read(sleep.Id, out var entry));

            Assert.False(ProcessScan.Signal(entry with { StartTicks = entry.StartTicks - 1 }, 9));
            Assert.False(sleep.WaitForExit(200));
            Assert.True(ProcessScan.Signal(entry, 9));
            Assert.True(sleep.WaitForExit(5000));
            Assert.Equal(137, sleep.ExitCode);
        }
        finally
        {
            if (!sleep.HasExited) sleep.Kill();
        }
    }

    [Fact]
    public void A_group_is_signalled_by_a_process_that_is_still_in_it_only()
    {
        using var sleep = Process.Start("sh", ["-c", "setsid sleep 60 & wait"]);
        try
        {
            var child = default(ProcessEntry);
            Assert.True(SpinWait.SpinUntil(
                () =>
                {
                    child = ProcessScan.All().Entries.FirstOrDefault(p => p.Parent == sleep.Id);
                    return child.Id != 0 && child.Group == child.Id;
                },
                TimeSpan.FromSeconds(5)));

            Assert.False(ProcessScan.SignalGroup(child with { StartTicks = child.StartTicks - 1 }, 9));
            Assert.Equal(ProcessLook.Found, ProcessScan.Read(sleep.Id, out var shell));
            Assert.False(ProcessScan.SignalGroup(shell with { Group = child.Group }, 9));
            Assert.False(sleep.WaitForExit(200));
            Assert.True(ProcessScan.SignalGroup(child, 9));
            Assert.True(sleep.WaitForExit(5000));
        }
        finally
        {
            if (!sleep.HasExited) sleep.Kill(entireProcessTree: true);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(-7)]
    public void Nobody_is_signalled_by_an_id_that_stands_for_many(int id)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeProcess.Signal(id, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => NativeProcess.SignalGroup(id, 0));
        Assert.False(ProcessScan.Signal(Entry(id, parent: 0), 0));
    }

    [Fact]
    public void What_could_not_be_read_is_lost_and_not_gone()
    {
        Write(4, parent: 3);
        // Opens, and cannot be read.
        _proc.CreateSubdirectory("5/stat");
        _proc.CreateSubdirectory("6");

        Assert.Equal(ProcessLook.Found, ProcessScan.Read(4, out _, _proc.FullName));
        Assert.Equal(ProcessLook.Lost, ProcessScan.Read(5, out _, _proc.FullName));
        Assert.Equal(ProcessLook.Gone, ProcessScan.Read(6, out _, _proc.FullName));
        Assert.Equal(ProcessLook.Gone, ProcessScan.Read(7, out _, _proc.FullName));
        var all = ProcessScan.All(_proc.FullName);
        Assert.True(all.IsPartial);
        Assert.True(all.IsUnknown(5));
        Assert.False(all.IsUnknown(4));
        Assert.Equal([4], all.Tree(3, []).Select(process => process.Id));
    }

    [Fact]
    public void A_process_that_may_not_be_read_is_unknown_and_others_are_not()
    {
        var all = new ProcessSnapshot([Entry(4, 3)], new HashSet<int> { 5 }, isPartial: false);

        Assert.True(all.IsUnknown(5));
        Assert.False(all.IsUnknown(6));
    }

    [Fact]
    public void A_tree_has_descendants_the_session_and_what_was_known_with_theirs()
    {
        List<ProcessEntry> entries =
        [
            Entry(9, parent: 8), Entry(8, parent: 5), Entry(5, parent: 2), Entry(6, parent: 1, session: 2),
            Entry(7, parent: 6), Entry(20, parent: 1), Entry(21, parent: 20), Entry(30, parent: 1),
            Entry(2, parent: 1),
        ];
        var all = new ProcessSnapshot(entries, new HashSet<int>(), isPartial: false);

        var tree = all.Tree(2, [entries[5], entries[7] with { StartTicks = 99 }]);

        Assert.Equal([2, 5, 6, 7, 8, 9, 20, 21], tree.Select(process => process.Id).Order());
    }

    [Fact]
    public void An_orphan_is_a_child_in_another_session_that_started_after_the_root()
    {
        var self = Environment.ProcessId;
        List<ProcessEntry> entries =
        [
            Entry(self, parent: 1, session: 3), Entry(900_000_004, self, session: 3),
            Entry(900_000_005, self, session: 4), Entry(900_000_006, self, session: 4),
            Entry(900_000_007, parent: 1, session: 4),
        ];
        var all = new ProcessSnapshot(entries, new HashSet<int>(), isPartial: false);

        Assert.Equal([900_000_006], all.Adopted(after: 900_000_005).Select(process => process.Id));
    }

    [Fact]
    public void A_tree_is_found_in_time_in_proportion_to_its_size()
    {
        const int Count = 100_000;
        // The worst order there is for whoever looks from the start again for each generation.
        List<ProcessEntry> chain = [.. Enumerable.Range(2, Count).Reverse().Select(id => Entry(id, id - 1))];
        var started = Stopwatch.GetTimestamp();

        var tree = new ProcessSnapshot(chain, new HashSet<int>(), isPartial: false).Tree(2, chain);

        Assert.Equal(Count, tree.Count);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
    }

    private void Write(int id, int parent)
    {
        _proc.CreateSubdirectory($"{id}");
        File.WriteAllText(
            Path.Combine(_proc.FullName, $"{id}/stat"),
            $"{id} (a) S {parent} 4 5 0 -1 4194304 1 2 3 4 11 22 33 44 20 0 1 0 777 888 99 1844 0");
    }

    private static ProcessEntry Entry(int id, int parent, int session = 1) =>
        new(id, parent, id, session, IsZombie: false, StartTicks: id, 0, 0, 0);
}
