using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Resources;

public sealed class ProcessResourceMonitorTests
{
    private const long Second = 1_000_000_000;
    private const long Mib = 1024 * 1024;

    private readonly ProcessResourceMonitor _monitor = new(ResourceConfig.Default, Instant.Zero);
    private long _seconds;

    [Fact]
    public void What_a_tree_used_since_its_start_counts_in_the_first_reading()
    {
        Look(Process(1, cpu: 2 * Second));
        Assert.Equal(200, _monitor.Sample.CpuPercent);
    }

    [Fact]
    public void A_process_counts_by_what_it_used_since_the_reading_before()
    {
        Look(Process(1, cpu: Second));
        Look(Process(1, cpu: Second + (Second / 2)));
        Assert.Equal(50, _monitor.Sample.CpuPercent);
    }

    [Fact]
    public void A_new_process_counts_with_all_it_used()
    {
        Look(Process(1));
        Look(Process(1), Process(2, cpu: Second));
        Assert.Equal(100, _monitor.Sample.CpuPercent);
    }

    [Fact]
    public void A_process_that_came_and_went_between_readings_counts_where_it_was_waited_for()
    {
        Look(Process(1));
        Look(Process(1, reaped: Second / 4));
        Assert.Equal(25, _monitor.Sample.CpuPercent);
    }

    [Fact]
    public void What_was_counted_of_a_process_is_not_counted_again_once_it_was_waited_for()
    {
        Look(Process(1), Process(2, cpu: Second));
        Look(Process(1, reaped: Second + (Second / 10)));
        Assert.Equal(10, _monitor.Sample.CpuPercent);
    }

    [Fact]
    public void A_process_that_vanished_without_being_waited_for_makes_nothing_negative()
    {
        Look(Process(1), Process(2, cpu: 3 * Second));
        Look(Process(1, cpu: Second / 10));
        Assert.Equal(10, _monitor.Sample.CpuPercent);
    }

    [Fact]
    public void An_id_that_is_used_again_is_another_process()
    {
        Look(Process(1, start: 5, cpu: 10 * Second));
        Look(Process(1, start: 6, cpu: Second / 5));
        Assert.Equal(20, _monitor.Sample.CpuPercent);
    }

    [Fact]
    public void A_gap_is_one_long_interval()
    {
        Look(Process(1));
        _seconds += 9;
        Look(Process(1, cpu: 5 * Second));
        Assert.Equal(50, _monitor.Sample.CpuPercent);
    }

    [Fact]
    public void A_zombie_holds_neither_memory_nor_descriptors_and_is_no_process()
    {
        Look(Process(1, memory: 3 * Mib, descriptors: 4), new ProcessReading(2, 1, 0, 0, Mib, 9, true));
        Assert.Equal((3 * Mib, 4, 1), (
            _monitor.Sample.MemoryBytes, _monitor.Sample.FileDescriptors, _monitor.Sample.Processes));
    }

    [Fact]
    public void A_process_that_a_listing_shows_twice_counts_once()
    {
        Look(Process(1, memory: Mib), Process(1, memory: Mib));
        Assert.Equal((Mib, 1), (_monitor.Sample.MemoryBytes, _monitor.Sample.Processes));
    }

    [Fact]
    public void A_group_counts_by_the_kernels_own_sums()
    {
        LookAt(new GroupReading(Second, 5 * Mib, 12, 3));
        LookAt(new GroupReading(2 * Second, 6 * Mib, 12, 3));
        Assert.Equal((100, 6 * Mib, 12, 3), (
            _monitor.Sample.CpuPercent, _monitor.Sample.MemoryBytes, _monitor.Sample.FileDescriptors,
            _monitor.Sample.Processes));
    }

    [Fact]
    public void A_reading_that_is_not_later_changes_nothing()
    {
        Look(Process(1, cpu: Second));
        Assert.False(_monitor.Observe(
            new TreeReading(new Instant(_seconds * Second), [Process(1, cpu: 9 * Second)]), 0));
        Assert.Equal((100, 1), (_monitor.Sample.CpuPercent, _monitor.Metrics.SampleCount));
    }

    [Fact]
    public void Memory_is_told_in_percent_of_the_machines()
    {
        _monitor.Observe(new TreeReading(new Instant(Second), [Process(1, memory: Mib)]), 4 * Mib);
        Assert.Equal(25, _monitor.Metrics.MemoryPercent);
    }

    [Fact]
    public void Whatever_processes_do_all_that_they_use_is_counted_once() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 500]).List[1, 6].List[1, 12].Sample(rounds =>
        {
            var monitor = new ProcessResourceMonitor(ResourceConfig.Default, Instant.Zero);
            var table = new SortedDictionary<int, long> { [1] = 0 };
            var (reaped, total, counted, next, now) = (0L, 0L, 0.0, 2, 0L);
            foreach (var round in rounds)
            {
                foreach (var (kind, ms) in round) Do(kind, ms * 1_000_000L);
                now += Second;
                monitor.Observe(
                    new TreeReading(
                        new Instant(now),
                        [
                            .. table.Select(p => Process(
                                p.Key, cpu: p.Value, reaped: p.Key == 1 ? reaped : 0)),
                        ]),
                    0);
                monitor.CheckInvariants();
                counted += monitor.Sample.CpuPercent * (Second / 100);
            }

            Assert.Equal(total, counted, 1000.0);

            // Of process 1, or of its newest child, which may be new or end.
            void Do(int kind, long used)
            {
                if (kind == 1) table.Add(next++, 0);
                table[table.Keys.Last()] += used;
                total += used;
                if (kind != 2 || table.Count == 1) return;
                reaped += table[table.Keys.Last()];
                table.Remove(table.Keys.Last());
            }
        });

    private static ProcessReading Process(
        int pid, long start = 1, long cpu = 0, long reaped = 0, long memory = 0, int descriptors = 0) =>
        new(pid, start, cpu, reaped, memory, descriptors, false);

    private void Look(params ProcessReading[] processes) => Observe(processes, null);

    private void LookAt(GroupReading group) => Observe([], group);

    private void Observe(ProcessReading[] processes, GroupReading? group)
    {
        _seconds++;
        Assert.True(_monitor.Observe(
            new TreeReading(new Instant(_seconds * Second), processes, group), 0));
        _monitor.CheckInvariants();
    }
}
