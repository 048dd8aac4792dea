using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Resources;

public sealed class ResourceGuardTests
{
    private readonly GuardBench _bench = new();

    private ResourceGuard Guard => _bench.Guard;

    [Theory]
    [InlineData(0.6, GuardLevel.None)]
    [InlineData(0.78, GuardLevel.Warn)]
    [InlineData(0.93, GuardLevel.Throttle)]
    [InlineData(1.1, GuardLevel.Kill)]
    public void A_level_applies_once_the_use_of_memory_has_been_at_it_for_the_grace(
        double use, GuardLevel level)
    {
        for (var i = 0; i < 5; i++) _bench.Look(memory: use);
        Assert.Equal(GuardLevel.None, Guard.Level);
        for (var i = 0; i < 2; i++) _bench.Look(memory: use);
        Assert.Equal(level, Guard.Level);
    }

    [Fact]
    public void An_uncertain_value_takes_longer_by_its_relative_deviation()
    {
        var interval = Duration.FromMilliseconds(100);
        var bench = new GuardBench(ResourceConfig.Default with { SampleInterval = interval });
        var looks = 0;
        for (; bench.Guard.Level == GuardLevel.None && looks < 100; looks++)
        {
            // Without one below, two more samples after the grace would be proof enough.
            bench.LookAt(interval * (looks + 1), memory: looks == 4 ? 0.695 : 0.715);
        }

        var metrics = bench.Guard.Metrics;
        Assert.InRange(metrics.MemoryBytes - (2 * metrics.MemoryUncertainty), 0, 0.7e9);
        var due = 5 * (1 + (metrics.MemoryUncertainty / metrics.MemoryBytes));
        Assert.InRange(due, 5.05, 5.5);
        Assert.InRange(0.1 * (looks - 1), due, due + 0.1);
    }

    [Fact]
    public void Each_level_is_recorded_on_the_way_to_a_kill()
    {
        for (var i = 0; i < 7; i++) _bench.Look(memory: 2);

        Assert.Equal(
            [GuardLevel.Warn, GuardLevel.Throttle, GuardLevel.Kill], _bench.Levels(GuardDimension.Memory));
        Assert.Empty(_bench.Levels(GuardDimension.Cpu));
    }

    [Fact]
    public void A_spike_that_ends_within_the_grace_kills_nothing_however_high_it_is()
    {
        for (var i = 0; i < 5; i++) _bench.Look();
        for (var i = 0; i < 5; i++) _bench.Look(memory: 100);
        for (var i = 0; i < 10; i++) _bench.Look();

        Assert.Equal(GuardLevel.None, Guard.Level);
        Assert.Empty(_bench.Levels(GuardDimension.Memory));
    }

    [Fact]
    public void A_gap_in_the_samples_counts_as_one_interval_and_starts_nothing_anew()
    {
        for (var i = 0; i < 3; i++) _bench.Look(memory: 2);
        for (var i = 0; i < 60; i++) _bench.Pass();
        _bench.Look(memory: 2);
        Assert.Equal(GuardLevel.None, Guard.Level);
        for (var i = 0; i < 2; i++) _bench.Look(memory: 2);

        Assert.Equal(GuardLevel.Kill, Guard.Level);
    }

    [Fact]
    public void Two_samples_below_do_not_start_it_anew_and_three_do()
    {
        for (var i = 0; i < 4; i++) _bench.Look(descriptors: 2);
        for (var i = 0; i < 2; i++) _bench.Look(descriptors: 2, memory: 2);
        Assert.Equal(GuardLevel.Kill, Guard.LevelOf(GuardDimension.FileDescriptors));

        var noisy = new GuardBench();
        for (var i = 0; i < 12; i++) noisy.Look(memory: i % 3 == 2 ? 0.98 : 1.3);
        Assert.Equal(GuardLevel.Kill, noisy.Guard.Level);

        var broken = new GuardBench();
        for (var i = 0; i < 40; i++) broken.Look(memory: i % 7 < 4 ? 1.3 : 0.4);
        Assert.True(broken.Guard.Level < GuardLevel.Kill);
    }

    [Fact]
    public void Below_a_level_for_the_grace_it_goes_down_by_one_level_at_a_time()
    {
        for (var i = 0; i < 7; i++) _bench.Look(memory: 0.93);
        for (var i = 0; i < 30; i++) _bench.Look(memory: 0.1);

        Assert.Equal(
            [GuardLevel.Warn, GuardLevel.Throttle, GuardLevel.Warn, GuardLevel.None],
            _bench.Levels(GuardDimension.Memory));
        Assert.Contains(new GuardEffect.Resume(), _bench.History);
    }

    [Fact]
    public void A_sawtooth_under_the_budget_is_never_killed()
    {
        for (var i = 0; i < 200; i++) _bench.Look(memory: 0.55 + (0.1 * (i % 5)));
        Assert.True(Guard.Level < GuardLevel.Kill);
    }

    [Fact]
    public void A_processor_hog_that_its_quota_holds_is_throttled_and_not_killed()
    {
        for (var i = 0; i < 120; i++)
        {
            var quota = Guard.Throttled?.CpuPercent ?? int.MaxValue;
            // Quotas are not met exactly: this host gives nine tenths.
            _bench.Look(cpu: Math.Min(4, quota * 0.9 / 100));
            if (i > 20) Assert.InRange(Guard.Metrics.CpuPercent, 85, 105);
        }

        Assert.Equal(GuardLevel.Throttle, Guard.Level);
    }

    [Fact]
    public void A_processor_hog_that_is_paused_part_of_the_time_is_throttled_and_not_killed()
    {
        for (var i = 0; i < 120; i++)
        {
            var share = Guard.Throttled?.RunPermille ?? 1000;
            _bench.Look(cpu: 4 * share / 1000.0);
            if (i > 30) Assert.InRange(Guard.Metrics.CpuPercent, 85, 105);
        }

        Assert.Equal(GuardLevel.Throttle, Guard.Level);
    }

    [Fact]
    public void A_processor_hog_that_no_throttle_holds_is_killed_after_another_grace()
    {
        var looks = 0;
        while (Guard.Level < GuardLevel.Kill)
        {
            _bench.Look(cpu: 4);
            looks++;
        }

        Assert.InRange(looks, 11, 14);
    }

    [Theory]
    [InlineData(0.01, 20)]
    [InlineData(0, 20)]
    [InlineData(0.6, 30)]
    public void A_brake_leaves_what_hardly_uses_the_processor_enough_to_go_on(double cpu, int percent)
    {
        for (var i = 0; i < 7; i++) _bench.Look(cpu: cpu, memory: 0.93);

        Assert.InRange(Guard.Throttled!.Value.CpuPercent, percent - 5, percent + 5);
        Assert.True(Guard.Throttled.Value.CpuPercent >= 20);
    }

    [Fact]
    public void A_brake_leaves_no_more_than_the_budget()
    {
        var bench = new GuardBench(limits: GuardBench.Limits with { CpuPercent = 10 });
        for (var i = 0; i < 7; i++) bench.Look(cpu: 0.1, memory: 0.93);

        Assert.InRange(bench.Guard.Throttled!.Value.CpuPercent, 8, 10);
    }

    [Fact]
    public void Memory_that_grows_over_the_throttle_is_braked_to_half()
    {
        for (var i = 0; i < 7; i++) _bench.Look(cpu: 0.6, memory: 0.93);

        Assert.Equal(500, Guard.Throttled!.Value.RunPermille);
        Assert.InRange(Guard.Throttled.Value.CpuPercent, 25, 35);
    }

    [Theory]
    [InlineData(0.93, 0.1)]
    [InlineData(0.1, 0.93)]
    public void What_generates_load_is_not_braked_but_starts_no_further_users(
        double memory, double descriptors)
    {
        var bench = new GuardBench(generatesLoad: true);
        for (var i = 0; i < 7; i++) bench.Look(memory: memory, descriptors: descriptors);

        Assert.Equal(GuardLevel.Throttle, bench.Guard.Level);
        Assert.True(bench.Guard.IsRampHeld);
        Assert.Null(bench.Guard.Throttled);
        for (var i = 0; i < 30; i++) bench.Look();
        Assert.Equal(
            [new GuardEffect.HoldRamp(true), new GuardEffect.HoldRamp(false)],
            bench.History.Where(effect => effect is not GuardEffect.ChangeLevel));
    }

    [Fact]
    public void What_generates_load_is_held_to_its_budget_of_the_processor()
    {
        var bench = new GuardBench(generatesLoad: true);
        for (var i = 0; i < 7; i++) bench.Look(cpu: 0.93);

        Assert.NotNull(bench.Guard.Throttled);
        Assert.False(bench.Guard.IsRampHeld);
        for (var i = 0; i < 7; i++) bench.Look(cpu: 0.93, memory: 0.93);
        Assert.NotNull(bench.Guard.Throttled);
        Assert.True(bench.Guard.IsRampHeld);
    }

    [Fact]
    public void A_command_has_no_users_to_hold()
    {
        for (var i = 0; i < 7; i++) _bench.Look(memory: 0.93);

        Assert.NotNull(Guard.Throttled);
        Assert.False(Guard.IsRampHeld);
    }

    [Fact]
    public void A_kill_that_is_hastened_is_forced_at_that_moment_and_never_later()
    {
        for (var i = 0; i < 7; i++) _bench.Look(memory: 2);
        var due = Guard.NextDeadline;
        _bench.When(new GuardInput.Hasten(due + Duration.FromSeconds(1)));
        Assert.Equal(due, Guard.NextDeadline);

        _bench.When(new GuardInput.Hasten(_bench.Now + Duration.FromMilliseconds(500)));
        _bench.Pass();
        _bench.When(new GuardInput.Tick());

        Assert.Contains(new GuardEffect.Kill(), _bench.History);
        Assert.True(Guard.Evidence!.WasForced);
        _bench.When(new GuardInput.Exited());
        _bench.When(new GuardInput.Hasten(_bench.Now));
        Assert.Equal(Instant.Never, Guard.NextDeadline);
    }

    [Fact]
    public void A_kill_is_a_term_then_after_five_seconds_a_kill_again_and_again_until_nothing_is_left()
    {
        for (var i = 0; i < 6; i++) _bench.Look(memory: 2, processes: 3);
        Assert.Equal(new GuardEffect.Terminate(), _bench.History[^1]);
        Assert.Equal(_bench.Now + Duration.FromSeconds(5), Guard.NextDeadline);

        for (var i = 0; i < 4; i++) _bench.Pass();
        Assert.Equal(GuardVerdict.Accepted, _bench.When(new GuardInput.Tick()));
        Assert.DoesNotContain(new GuardEffect.Kill(), _bench.History);
        for (var i = 0; i < 3; i++)
        {
            _bench.Pass();
            Assert.Equal(GuardVerdict.Ending, _bench.When(new GuardInput.Tick()));
        }

        Assert.Equal(3, _bench.History.Count(effect => effect is GuardEffect.Kill));
        Assert.Equal(GuardVerdict.Ending, _bench.When(new GuardInput.Exited()));
        Assert.Equal(Instant.Never, Guard.NextDeadline);
    }

    [Fact]
    public void A_throttled_tree_runs_freely_again_before_it_is_asked_to_end()
    {
        for (var i = 0; i < 7; i++) _bench.Look(memory: 0.93);
        for (var i = 0; i < 9; i++) _bench.Look(memory: 2);

        var end = _bench.History.ToList().IndexOf(new GuardEffect.Terminate());
        Assert.Equal(new GuardEffect.Resume(), _bench.History[end - 1]);
    }

    [Fact]
    public void The_evidence_names_samples_filtered_values_thresholds_moves_and_processes()
    {
        for (var i = 0; i < 7; i++) _bench.Look(memory: 2, processes: 3);
        _bench.Look(memory: 2, processes: 5);
        _bench.When(new GuardInput.Exited());

        var kill = Guard.Evidence!;
        Assert.Equal(
            (GuardDimension.Memory, 1_000_000_000, 700_000_000, 850_000_000, 1_000_000_000, 5, false),
            (kill.Violation, kill.Limit, kill.WarnAt, kill.ThrottleAt, kill.KillAt, kill.ProcessesKilled,
                kill.WasForced));
        Assert.Equal(6, kill.Samples.Count);
        Assert.All(kill.Samples, sample => Assert.Equal(2_000_000_000, sample.Raw));
        Assert.Equal([GuardLevel.Warn, GuardLevel.Throttle, GuardLevel.Kill], kill.Moves.Select(m => m.To));
        Assert.Equal(
            "memory of 1907.3 MiB against a budget of 953.7 MiB; 5 processes killed", kill.Message);
    }

    [Fact]
    public void A_reading_from_before_or_from_the_future_is_stale()
    {
        _bench.Look();
        Assert.Equal(GuardVerdict.Stale, _bench.Show());
        Assert.Equal(GuardVerdict.Stale, _bench.When(new GuardInput.Sampled(
            new TreeReading(_bench.Now + Duration.FromSeconds(1), []), 0)));
    }

    private static readonly Gen<List<(bool Arrives, double Cpu, double Memory, double Descriptors)>> History =
        Gen.Select(
            Gen.Frequency((4, Gen.Const(true)), (1, Gen.Const(false))), Gen.Double[0, 3], Gen.Double[0, 3],
            Gen.Double[0, 3]).List[0, 60];

    [Fact]
    public void No_history_skips_a_level_or_leaves_a_kill() => History.Sample(history =>
    {
        var bench = new GuardBench();
        foreach (var (arrives, cpu, memory, descriptors) in history)
        {
            bench.Pass();
            if (arrives) bench.Show(cpu, memory, descriptors);
            if (bench.Guard.NextDeadline <= bench.Now) bench.When(new GuardInput.Tick());
        }

        foreach (var change in bench.History.OfType<GuardEffect.ChangeLevel>())
            Assert.Equal(1, Math.Abs((int)change.To - (int)change.From));
        Assert.True(bench.History.Count(effect => effect is GuardEffect.Terminate) <= 1);
    });

    [Fact]
    public void After_any_history_a_violation_that_lasts_is_killed_within_grace_and_three_samples() =>
        Gen.Select(History, Gen.Double[1, 50]).Sample((history, use) =>
        {
            var bench = new GuardBench();
            foreach (var (arrives, cpu, memory, descriptors) in history)
            {
                bench.Pass();
                if (arrives) bench.Show(cpu, memory, descriptors);
            }

            for (var i = 0; i < 9; i++) bench.Look(memory: use);
            Assert.Equal(GuardLevel.Kill, bench.Guard.Level);
        });

    private static readonly Gen<int[]> LateMs = Gen.OneOf(
        Gen.Int[0, 970].Array[40],
        // The most that can be lost: each late one is followed by one in time.
        Gen.Const<int[]>([.. Enumerable.Range(0, 40).Select(i => i % 2 * 970)]));

    [Fact]
    public void Samples_that_come_late_by_up_to_an_interval_put_no_kill_off() =>
        Gen.Select(Gen.Int[1, 20], LateMs).Sample((before, late) =>
        {
            var bench = new GuardBench();
            for (var i = 0; i < before; i++) bench.LookAt(At(i, late), memory: 0.1);
            // The first over the budget, and then those of the grace and three.
            for (var i = before; i < before + 9; i++) bench.LookAt(At(i, late), memory: 1.2);

            Assert.Equal(GuardLevel.Kill, bench.Guard.Level);
        });

    [Fact]
    public void However_late_samples_come_a_spike_shorter_than_the_grace_kills_nothing() =>
        Gen.Select(Gen.Int[1, 20], LateMs).Sample((before, late) =>
        {
            var bench = new GuardBench();
            for (var i = 0; i < before; i++) bench.LookAt(At(i, late), memory: 0.1);
            var start = At(before, late);
            var at = before;
            for (; At(at, late) - start < Duration.FromSeconds(5); at++)
                bench.LookAt(At(at, late), memory: 50);
            for (var i = at; i < at + 5; i++) bench.LookAt(At(i, late), memory: 0.1);

            Assert.True(bench.Guard.Level < GuardLevel.Kill);
        });

    private static Duration At(int sample, int[] lateMs) =>
        Duration.FromMilliseconds(((sample + 1) * 1000) + lateMs[sample]);

    [Fact]
    public void After_a_calm_history_no_spike_within_the_grace_kills() =>
        Gen.Select(
            Gen.Double[0, 0.69].List[0, 30], Gen.Double[1, 1000].List[1, 5], Gen.Double[0, 0.69].List[3, 30])
            .Sample((calm, spike, after) =>
            {
                var bench = new GuardBench();
                foreach (var use in calm.Concat(spike).Concat(after))
                    bench.Look(memory: use, descriptors: use);
                Assert.True(bench.Guard.Level < GuardLevel.Kill);
            });

    [Fact]
    public void Guards_that_saw_the_same_are_the_same() => History.Sample(history =>
    {
        Assert.Equal(Run(history), Run(history));

        static ulong Run(List<(bool Arrives, double Cpu, double Memory, double Descriptors)> history)
        {
            var bench = new GuardBench();
            foreach (var (_, cpu, memory, descriptors) in history) bench.Look(cpu, memory, descriptors);
            var fingerprint = new Fingerprint();
            bench.Guard.AddTo(ref fingerprint);
            return fingerprint.Value;
        }
    });
}
