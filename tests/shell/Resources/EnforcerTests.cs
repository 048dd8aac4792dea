using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Resources;
using Hyperscale.Det.Tests.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>Every enforcer that this host has, on real processes, each bounded by itself.</summary>
public sealed class EnforcerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The names of those that can be used here.</summary>
    public static TheoryData<string> Usable =>
        [.. Enforcers.Probe().Where(enforcer => enforcer.Fault is null).Select(enforcer => enforcer.Name)];

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task What_breaks_away_stays_in_its_tree_and_ends_with_it(string name)
    {
        var mark = Mark();
        await using var attempts = new Attempts(enforcer: Make(name));
        var attempt = attempts.Start(Attempts.Shell(
            $"(setsid sh -c 'trap \"\" TERM; (setsid sleep {mark} &); sleep {mark}' &) ; sleep {mark}"));
        await Attempts.UntilAsync(() => Attempts.Living(mark) == 3, "three sleeps");

        // The supervisor, two shells and three sleeps; the outer shell may have become its sleep.
        Assert.InRange(Processes(attempts), 5, 6);
        attempts.Stop(attempt, WorkloadSignal.Kill);
        await attempts.EndOf(attempt);
        Assert.Equal(0, Attempts.Living(mark));
        Assert.Empty(attempts.Sample());
    }

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task What_outlives_its_supervisor_is_still_seen_and_ended(string name)
    {
        var mark = Mark();
        await using var attempts = new Attempts(enforcer: Make(name));
        var attempt = attempts.Start(Attempts.Shell(
            $"(setsid sleep {mark} &); sleep 0.7; kill -9 $PPID; sleep {mark}"));
        await Attempts.UntilAsync(() => Attempts.Living(mark) == 1, "the orphan");
        Assert.True(Processes(attempts) >= 3);
        // All that the attempt started is in one of these, and nothing of other tests.
        HashSet<int> groups = [];
        await Attempts.UntilAsync(
            () => (groups = GroupsOf(Attempts.Processes(mark))).Count == 2, "the orphan's own group");

        var exited = await attempts.EndOf(attempt);

        Assert.NotNull(exited.Fault);
        Assert.Equal(0, Attempts.Living(mark));
        await Attempts.UntilAsync(
            () => !ProcessScan.All().Entries.Any(each => groups.Contains(each.Group) && IsOwnZombie(each)),
            "everything to be reaped");
    }

    private static bool IsOwnZombie(ProcessEntry process) =>
        process.IsZombie && process.Parent == Environment.ProcessId;

    private static HashSet<int> GroupsOf(List<int> processes)
    {
        HashSet<int> groups = [];
        foreach (var id in processes)
            if (ProcessScan.Read(id, out var process) == ProcessLook.Found) groups.Add(process.Group);
        return groups;
    }

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task Processor_time_of_children_that_come_and_go_is_counted(string name)
    {
        await using var attempts = new Attempts(enforcer: Make(name));
        attempts.Start(Attempts.Shell(
            "while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; done"));
        var started = Now();
        var monitor = new ProcessResourceMonitor(ResourceConfig.Default, started);
        var used = 0.0;
        // Others use the machine, too.
        for (var i = 0; i < 100 && used < 0.4; i++)
        {
            await Task.Delay(200, Cancellation);
            if (attempts.Sample() is not [{ Reading: var reading }]) continue;
            var before = monitor.Sample.At;
            if (monitor.Observe(reading, 0))
                used += monitor.Sample.CpuPercent * (reading.At - before).Nanoseconds / 1e11;
        }

        // One at a time runs, beside what starts them.
        Assert.InRange(used, 0.4, 0.3 + (1.2 * (Now() - started).Nanoseconds / 1e9));
    }

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task What_looks_after_a_command_takes_nothing_of_its_budget(string name)
    {
        await using var attempts = new Attempts(enforcer: Make(name));
        // The supervisor keeps what it was ordered, several times over; the command forgets it.
        var ballast = Enumerable.Repeat(new string('x', 120_000), 12);
        attempts.Start(Attempts.Exec(["sh", "-c", "exec sleep 30", .. ballast]));
        await Attempts.UntilAsync(() => Processes(attempts) == 2, "the command beside its supervisor");

        // It has three, or four; a supervisor alone has some forty, as the command has for a moment, too.
        await Attempts.UntilAsync(
            () => Sum(attempts) is { Descriptors: >= 1 and <= 10, Memory: <= 4_000_000 },
            "few descriptors and little memory");
        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {Sum(attempts)}");
    }

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task Memory_and_descriptors_of_the_whole_tree_are_counted(string name)
    {
        await using var attempts = new Attempts(enforcer: Make(name));
        attempts.Start(Attempts.Shell(
            "exec 5</dev/null 6</dev/null 7</dev/null 8</dev/null; "
            + "awk 'BEGIN{s=\"x\"; while(length(s)<50000000) s=s s; system(\"sleep 30\")}' & wait"));
        var (memory, descriptors) = (0L, 0);
        await Attempts.UntilAsync(
            () =>
            {
                (memory, descriptors) = Sum(attempts);
                return memory > 60_000_000 && descriptors >= 16;
            },
            "the memory and the descriptors");

        Assert.InRange(memory, 60_000_000, 400_000_000);
        Assert.InRange(descriptors, 16, 400);
    }

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task A_throttled_tree_uses_less_and_runs_freely_afterwards(string name)
    {
        await using var attempts = new Attempts(enforcer: Make(name));
        var attempt = attempts.Start(Attempts.Shell("while :; do :; done & while :; do :; done"));
        var free = await UseAsync(attempts);

        attempts.Throttle(attempt, new ThrottleOrder(CpuPercent: 10, RunPermille: 100));
        var held = await UseAsync(attempts);
        attempts.Throttle(attempt, null);
        var again = await UseAsync(attempts);

        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: {free:F0}%, {held:F0}%, {again:F0}%");
        // A quota holds whoever else uses the machine; pauses are kept by two processes, each of which may
        // run on for a while before it is stopped.
        Assert.InRange(held, 0, name == "proc" ? 50 : 25);
        // Where others leave it that much.
        if (free > 100) Assert.True(held < free * 0.5, $"{held}% while held, {free}% while free");
        for (var i = 0; i < 10 && again <= held * 1.3; i++) again = await UseAsync(attempts);
        Assert.True(again > held * 1.3, $"{again}% again after {held}%");
        attempts.Throttle(attempt, new ThrottleOrder(CpuPercent: 30, RunPermille: 200));
        attempts.Stop(attempt, WorkloadSignal.Kill);
        await attempts.EndOf(attempt);
    }

    [Fact]
    public void Control_groups_are_removed_with_their_enforcer()
    {
        if (Enforcers.Probe().All(enforcer => enforcer.Name == "proc" || enforcer.Fault is not null)) return;
        var before = Groups();
        using (Enforcers.Choose()) Assert.NotEqual(before, Groups());
        Assert.Equal(before, Groups());
    }

    [Fact]
    public void The_best_that_can_be_used_is_chosen()
    {
        var probed = Enforcers.Probe();
        using var chosen = Enforcers.Choose();
        Assert.Equal(["cgroup-v2", "cgroup-v1", "proc"], probed.Select(enforcer => enforcer.Name));
        Assert.Equal(probed.First(enforcer => enforcer.Fault is null).Name, chosen.Name);
    }

    [Theory]
    [InlineData("7 (a) b) S 3 4 5 0 -1 4194304 1 2 3 4 11 22 33 44 20 0 1 0 777 888 99 1844 0", true)]
    [InlineData("7 (a) Z 3 4 5 0 -1 4194304 1 2 3 4 11 22 33 44 20 0 1 0 777 888 99 1844 0", true)]
    [InlineData("7 (a) S 3 4 5", false)]
    [InlineData("", false)]
    public void A_stat_line_is_read_whatever_the_name(string line, bool isRead)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(line);
        Assert.Equal(isRead, ProcessScan.TryParse(7, bytes, out var entry));
        if (!isRead) return;
        Assert.Equal(
            new ProcessEntry(7, 3, 4, 5, line.Contains(" Z ", StringComparison.Ordinal), 777, 33, 77, 99),
            entry);
    }

    public static IResourceEnforcer Make(string name) => name switch
    {
        "proc" => new ProcEnforcer(),
        "cgroup-v1" => CgroupEnforcer.TryCreate(new CgroupV1(), out _)!,
        _ => CgroupEnforcer.TryCreate(new CgroupV2(), out _)!,
    };

    private static string Mark() => $"{71 + Random.Shared.Next(20)}.{Random.Shared.Next(1, 1_000_000_000)}";

    private static Instant Now() => new(Environment.TickCount64 * 1_000_000);

    private static int Processes(Attempts attempts) => attempts.Sample() is [{ Reading: var reading }]
        ? reading.Group?.Processes ?? reading.Processes.Count(process => !process.IsZombie)
        : 0;

    private static (long Memory, int Descriptors) Sum(Attempts attempts)
    {
        if (attempts.Sample() is not [{ Reading: var reading }]) return default;
        return reading.Group is { } group
            ? (group.MemoryBytes, group.FileDescriptors)
            : (reading.Processes.Sum(p => p.MemoryBytes), reading.Processes.Sum(p => p.FileDescriptors));
    }

    /// <summary>Percent of a core over about a second, after half a second to get used to it.</summary>
    private static async Task<double> UseAsync(Attempts attempts)
    {
        await Task.Delay(500, Cancellation);
        var monitor = new ProcessResourceMonitor(ResourceConfig.Default, Now());
        foreach (var wait in new[] { 50, 1000 })
        {
            await Task.Delay(wait, Cancellation);
            monitor.Observe(Assert.Single(attempts.Sample()).Reading, 0);
        }

        return monitor.Sample.CpuPercent;
    }

    private static List<string> Groups() =>
    [
        .. Directory.EnumerateDirectories(
                "/sys/fs/cgroup", $"{CgroupNames.Prefix}{Environment.ProcessId}-*",
                new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
            .Order(StringComparer.Ordinal),
    ];
}
