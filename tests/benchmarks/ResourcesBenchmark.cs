using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Resources;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Benchmarks;

/// <summary>Filters, views, and what a worker with many processes spends on looking at them.</summary>
internal sealed class ResourcesBenchmark : IBenchmark
{
    private const int Looks = 20;
    private const double UpdatesPerSecondMin = 20e6;
    private const double ViewsMillisecondsMax = 1;

    private static readonly Instant Now = Instant.Zero + Duration.FromSeconds(100);

    public string Name => "resources";

    public string Summary =>
        "filter updates, merging of views, sampling of 50 and 200 processes at 1 Hz; --strict: speed counts";

    public int Run(string[] options)
    {
        var goals = new Goals(options);
        Filters(goals);
        Views(managers: 100, workers: 100, goals);
        foreach (var (name, fault) in Enforcers.Probe())
        {
            if (fault is not null)
            {
                Console.WriteLine($"sampling by {name}: cannot be used here: {fault}");
                continue;
            }

            Sampling(name, children: 50, percentMax: 1, goals);
            Sampling(name, children: 200, percentMax: name == "proc" ? 3 : 1, goals);
        }

        return goals.ExitCode;
    }

    private static void Filters(Goals goals)
    {
        const int rounds = 5;
        const int updates = 20_000_000;
        var samples = new double[1024];
        var rng = new Rng(7);
        for (var i = 0; i < samples.Length; i++) samples[i] = rng.Between(100, 200);
        foreach (var isRelative in new[] { false, true })
        {
            var filter = new AdaptiveKalmanFilter(10, 25, isRelative);
            Feed(filter, samples, 1_000_000);
            var (best, allocated) = (double.MaxValue, 0L);
            for (var round = 0; round < rounds; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var started = Stopwatch.GetTimestamp();
                Feed(filter, samples, updates);
                best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalSeconds);
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            }

            Console.WriteLine(
                $"adaptive filter{(isRelative ? ", relative" : "")}: {updates / best / 1e6:F1} M updates/s, "
                + $"{allocated} bytes allocated");
            goals.Speed(
                $"updates >= {UpdatesPerSecondMin / 1e6:F0} million/s without allocation",
                updates / best >= UpdatesPerSecondMin && allocated == 0);
        }
    }

    private static void Feed(AdaptiveKalmanFilter filter, double[] samples, int updates)
    {
        for (var i = 0; i < updates; i++) filter.Update(samples[i & 1023]);
    }

    /// <summary>Every manager has heard other workers: the most there can be.</summary>
    private static void Views(int managers, int workers, Goals goals)
    {
        var (cluster, round) = (new ManagerClusterResourceView(), 0L);
        var lists = Enumerable.Range(0, managers).Select(m => Enumerable.Range(0, workers).Select(w =>
            new WorkerAggregate(
                NodeId.Of($"dc-a/worker-{m:D3}-{w:D3}"), 1, 8, new ResourceUsage(100, 3, 1e9, 1e6), 1L << 34,
                false)).ToList()).ToList();
        var names = Enumerable.Range(0, managers).Select(m => NodeId.Of($"dc-a/manager-{m:D3}")).ToList();
        var cost = Contest.Run(() =>
        {
            round++;
            for (var m = 0; m < managers; m++)
            {
                cluster.Merge(
                    new ManagerLocalView(names[m], new StateVersion(1, round), default, lists[m], default),
                    Now);
            }

            Trace.Assert(cluster.Resources(Now).Workers == managers * workers);
        })[0];
        Console.WriteLine(
            $"views of {managers} managers x {workers} workers merged and added up: "
            + $"{cost.Nanoseconds / 1e6:F3} ms");
        goals.Speed(
            $"merged in under {ViewsMillisecondsMax} ms", cost.Nanoseconds / 1e6 < ViewsMillisecondsMax);
    }

    /// <param name="percentMax">Of a core.</param>
    private static void Sampling(string name, int children, double percentMax, Goals goals)
    {
        IResourceEnforcer enforcer = name switch
        {
            "proc" => new ProcEnforcer(),
            "cgroup-v1" => CgroupEnforcer.TryCreate(new CgroupV1(), out _)!,
            _ => CgroupEnforcer.TryCreate(new CgroupV2(), out _)!,
        };
        var runner = new ProcessWorkloadRunner(_ => { }, WorkloadProgram.Own, enforcer);
        var attempt = new AttemptKey(new SlotKey(new JobId(0, 1), 0, 1), 0, 1);
        runner.Start(attempt, Sleepers(children));
        var clock = Stopwatch.StartNew();
        var guard = new ResourceGuard(ResourceLimits.Default, ResourceConfig.Default, Instant.Zero);
        var outbox = new Outbox<GuardEffect>();
        while (guard.Metrics.ProcessCount < children)
        {
            Thread.Sleep(50);
            Look();
        }

        var used = Environment.CpuUsage.TotalTime;
        var longest = TimeSpan.Zero;
        for (var i = 0; i < Looks; i++)
        {
            Thread.Sleep(250);
            var started = Stopwatch.GetTimestamp();
            Look();
            var took = Stopwatch.GetElapsedTime(started);
            if (took > longest) longest = took;
        }

        var each = (Environment.CpuUsage.TotalTime - used).TotalMilliseconds / Looks;
        Console.WriteLine(
            $"sampling by {name}: {guard.Metrics.ProcessCount} processes, {each:F2} ms of processor time a "
            + $"look ({each / 10:F2}% of a core at 1 Hz), the longest {longest.TotalMilliseconds:F1} ms");
        runner.DisposeAsync().AsTask().GetAwaiter().GetResult();
        goals.Speed($"under {percentMax}% of a core", each / 10 < percentMax);

        void Look()
        {
            foreach (var workload in runner.Sample(() => new Instant(clock.Elapsed.Ticks * 100)))
            {
                outbox.Clear();
                guard.Step(
                    new GuardInput.Sampled(workload.Reading, 1L << 34), workload.Reading.At, outbox);
            }

            MachineReader.Read(default);
        }
    }

    private static WorkflowSpec Sleepers(int count) => new(
        "sleepers", WorkflowKind.Exec, 1, Duration.FromSeconds(600), Duration.FromSeconds(5), null, null, [],
        null,
        new ExecSpec(
            ["sh", "-c", $"i=0; while [ $i -lt {count} ]; do sleep 600 & i=$((i+1)); done; wait"]),
        null);
}
