using Hyperscale.Det.Capacity;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Reliability;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Routing;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>Draws what a seed's world is like.</summary>
internal static class OptionsGenerator
{
    public static PlanOptions Generate(ulong seed, IReadOnlyDictionary<FaultFamily, int> families) => new(
        [.. families.Keys],
        NetworkOf(seed, families),
        DiskOf(seed, families),
        HostOf(seed, families),
        WorkloadOf(seed, families),
        GateOf(seed),
        ManagerOf(seed),
        WorkerOf(seed),
        ClientConfig.Default);

    private static NetworkOptions NetworkOf(ulong seed, IReadOnlyDictionary<FaultFamily, int> families)
    {
        var rng = Rng.Stream(seed, "network options");
        var options = new NetworkOptions(
            LocalLatency: rng.Between(Duration.FromMicroseconds(50), Duration.FromMicroseconds(500)),
            WanLatencyMin: Duration.FromMilliseconds(2),
            WanLatencyMax: rng.Between(Duration.FromMilliseconds(5), Duration.FromMilliseconds(80)),
            TailDoublings: 3 * families.GetValueOrDefault(FaultFamily.Latency),
            LossPerMillion: 2000 * families.GetValueOrDefault(FaultFamily.Loss),
            DuplicatePerMillion: 10_000 * families.GetValueOrDefault(FaultFamily.Duplication),
            ReorderPerMillion: 50_000 * families.GetValueOrDefault(FaultFamily.Reordering),
            ReorderBy: rng.Between(Duration.FromMilliseconds(10), Duration.FromSeconds(3)),
            StragglerPerMillion: families.ContainsKey(FaultFamily.Reordering) ? 500_000 : 0,
            CorruptPerMillion: 1000 * families.GetValueOrDefault(FaultFamily.Corruption),
            StallLimit: rng.Between(Duration.FromSeconds(2), Duration.FromSeconds(15)),
            ConnectTimeout: rng.Between(Duration.FromSeconds(1), Duration.FromSeconds(8)),
            QueueMax: 4096);
        // Datacenters on different continents: too far away to spill over to, some of them.
        var regions = Rng.Stream(seed, "regions");
        if (!regions.Chance(1, 4)) return options;
        var farthest = regions.Between(Duration.FromMilliseconds(80), Duration.FromMilliseconds(120));
        return options with { WanLatencyMax = farthest };
    }

    private static DiskOptions DiskOf(ulong seed, IReadOnlyDictionary<FaultFamily, int> families)
    {
        var rng = Rng.Stream(seed, "disk options");
        return new DiskOptions(
            SyncMin: rng.Between(Duration.FromMicroseconds(100), Duration.FromMilliseconds(2)),
            TailDoublings: families.ContainsKey(FaultFamily.DiskStall) ? 8 : 2,
            SegmentBytes: rng.Pick([16L * 1024, 64 * 1024, 256 * 1024]),
            BatchRecordsMax: rng.Pick([1, 8, 4096]),
            SealAfter: rng.Pick([Duration.Zero, Duration.FromMilliseconds(20)]));
    }

    private static HostOptions HostOf(ulong seed, IReadOnlyDictionary<FaultFamily, int> families)
    {
        var rng = Rng.Stream(seed, "host options");
        return new HostOptions(
            BatchMax: rng.Pick([1, 8, 512]),
            BatchCost: rng.Pick([Duration.Zero, Duration.FromMicroseconds(20), Duration.FromMilliseconds(1)]),
            BootTime: rng.Between(Duration.FromMilliseconds(1), Duration.FromMilliseconds(500)),
            MailboxMax: 4096,
            InvariantsEvery: 16)
        {
            LookInterval = Duration.FromSeconds(1),
            PressedPerThousand = families.ContainsKey(FaultFamily.Runaway) ? 100 : 0,
        };
    }

    private static WorkloadOptions WorkloadOf(ulong seed, IReadOnlyDictionary<FaultFamily, int> families)
    {
        var rng = Rng.Stream(seed, "workload options");
        var intensity = families.GetValueOrDefault(FaultFamily.Workload);
        // Uses retry budgets up.
        var isMostlyFailing = intensity > 0 && Rng.Stream(seed, "mostly failing workloads").Chance(1, 4);
        return new WorkloadOptions(
            ReportInterval: rng.Pick([Duration.FromMilliseconds(200), Duration.FromSeconds(1)]),
            FailPerThousand: isMostlyFailing ? 500 : 60 * intensity,
            HangPerThousand: 30 * intensity,
            NoStartPerThousand: 30 * intensity,
            StubbornPerThousand: 150 * intensity)
        {
            // So few that a window may hold too few to judge by.
            RequestsPerSecondMax = Rng.Stream(seed, "request rates").Pick([5000, 5000, 5000, 20]),
            SaturatedTimes = Rng.Stream(seed, "saturation").Pick([1, 1, 20, 300]),
            RunawayPerThousand = 120 * families.GetValueOrDefault(FaultFamily.Runaway),
            LostSamplePerThousand = families.ContainsKey(FaultFamily.Runaway)
                ? Rng.Stream(seed, "lost samples").Pick([0, 100, 500])
                : 0,
            LateSamplePerThousand = families.ContainsKey(FaultFamily.Runaway)
                ? Rng.Stream(seed, "late samples").Pick([0, 100, 300])
                : 0,
            ProcessReadingPerThousand = 500,
            PausePerThousand = 500,
            LooseThrottlePerThousand = families.ContainsKey(FaultFamily.Runaway) ? 400 : 0,
            MissedKillPerThousand = families.ContainsKey(FaultFamily.Runaway)
                ? Rng.Stream(seed, "missed by kills").Pick([0, 300, 700])
                : 0,
        };
    }

    private static GateConfig GateOf(ulong seed)
    {
        var rng = Rng.Stream(seed, "gate options");
        return GateConfig.Default with
        {
            SnapshotEveryRecords = rng.Pick([10, 100, 10_000]),
            DefaultDeadlineAllowance = rng.Pick([Duration.FromSeconds(60), Duration.FromMinutes(5)]),
            Capacity = SpilloverOf(seed) with
            {
                StalenessThreshold = rng.Pick([Duration.FromSeconds(5), Duration.FromSeconds(30)]),
            },
            Routing = LearningOf(seed),
            Slo = SloOf(seed),
            // Runs are too short for a probe in a hundred decisions.
            Hysteresis = HysteresisConfig.Default with
            {
                ProbeEvery = Rng.Stream(seed, "probes").Pick([3, 10, GateJobRouter.ProbeEvery]),
            },
            Idempotency = KeysOf(seed),
            BestEffort = BestEffortConfig.Standard with
            {
                LateResults = Rng.Stream(seed, "late results").Chance(1, 3)
                    ? LateResultPolicy.UpdateResult
                    : LateResultPolicy.LogOnly,
            },
        };
    }

    private static CapacityConfig SpilloverOf(ulong seed)
    {
        var rng = Rng.Stream(seed, "spillover options");
        return CapacityConfig.Default with
        {
            IsSpilloverEnabled = rng.Chance(9, 10),
            MaxWait = rng.Pick([Duration.Zero, Duration.FromSeconds(2), Duration.FromSeconds(60)]),
            MaxLatencyPenaltyMs = rng.Pick([20, 100, 1000]),
            MinImprovementRatio = rng.Pick([0.0, 0.5, 0.5]),
        };
    }

    private static AdaptiveRoutingConfig LearningOf(ulong seed)
    {
        var rng = Rng.Stream(seed, "learning options");
        return AdaptiveRoutingConfig.Default with
        {
            IsEnabled = rng.Chance(9, 10),
            MinSamples = rng.Pick([1, 3, 10]),
            MaxStaleness = rng.Pick([Duration.FromSeconds(10), Duration.FromSeconds(300)]),
        };
    }

    private static IdempotencyConfig KeysOf(ulong seed)
    {
        var rng = Rng.Stream(seed, "key options");
        var config = new IdempotencyConfig(
            PendingTtl: rng.Pick([Duration.FromSeconds(5), Duration.FromSeconds(60)]),
            CommittedTtl: rng.Pick([
                Duration.FromSeconds(2), Duration.FromSeconds(15), Duration.FromSeconds(300)]),
            RejectedTtl: rng.Pick([Duration.FromSeconds(2), Duration.FromSeconds(60)]),
            MaxEntries: rng.Pick([64, 100_000, 100_000]),
            CleanupInterval: rng.Pick([Duration.FromSeconds(1), Duration.FromSeconds(10)]),
            WaitForPending: rng.Chance(3, 4),
            PendingWaitTimeout: rng.Pick([Duration.FromSeconds(3), Duration.FromSeconds(30)]));
        // So few that pending keys alone fill a gate's cache.
        return Rng.Stream(seed, "few keys").Chance(1, 8) ? config with { MaxEntries = 2 } : config;
    }

    private static ManagerConfig ManagerOf(ulong seed)
    {
        var rng = Rng.Stream(seed, "manager options");
        return ManagerConfig.Default with
        {
            LeaseTerm = rng.Pick([Duration.FromSeconds(4), Duration.FromSeconds(10)]),
            ReservationTerm = rng.Pick([Duration.FromSeconds(5), Duration.FromSeconds(60)]),
            SnapshotEveryRecords = rng.Pick([10, 100, 10_000]),
            Idempotency = KeysOf(seed),
            Slo = SloOf(seed),
            HeartbeatInterval = rng.Pick([Duration.FromSeconds(1), Duration.FromSeconds(2)]),
        };
    }

    private static WorkerConfig WorkerOf(ulong seed)
    {
        var rng = Rng.Stream(seed, "worker options");
        var grace = rng.Pick([Duration.FromMilliseconds(50), Duration.FromMilliseconds(500)]);
        // Workloads of seconds are to be judged in time.
        var guards = Rng.Stream(seed, "guard options");
        return WorkerConfig.Default(1) with
        {
            StopGrace = grace,
            Resources = ResourceConfig.Default with
            {
                SampleInterval = guards.Pick(
                    [Duration.FromMilliseconds(200), Duration.FromMilliseconds(500)]),
                GracePeriod = guards.Pick([Duration.FromSeconds(1), Duration.FromSeconds(2)]),
            },
            Slo = SloOf(seed),
        };
    }

    /// <summary>Windows short enough for runs of a minute, and targets that workloads meet while nothing
    /// slows them, or always, or never.</summary>
    private static SloConfig SloOf(ulong seed)
    {
        var rng = Rng.Stream(seed, "slo options");
        var sustained = rng.Between(Duration.FromSeconds(1), Duration.FromSeconds(6));
        var window = rng.Between(Duration.FromSeconds(1), Duration.FromSeconds(5));
        var target = rng.Pick([new LatencySlo(1, 1, 2), new LatencySlo(10, 20, 40), new(50, 200, 500)]);
        var standard = SloConfig.Default;
        var gossip = Rng.Stream(seed, "slo gossip options");
        return standard with
        {
            WindowDuration = window,
            EvaluationWindow = window * standard.MaxWindows,
            Target = target,
            MinSampleCount = rng.Pick([1, 100]),
            SummaryTtl = gossip.Pick([Duration.FromSeconds(10), standard.SummaryTtl, standard.SummaryTtl]),
            MaxJobsPerHeartbeat = gossip.Pick([0, 1, SloLimits.JobsMax, SloLimits.JobsMax]),
            IsResourcePredictionEnabled = gossip.Chance(3, 4),
            Busy = standard.Busy with { Sustained = sustained },
            DegradedByP95 = standard.DegradedByP95 with { Sustained = sustained * 2 },
            DegradedByP99 = standard.DegradedByP99 with { Sustained = sustained * 2 },
            Unhealthy = standard.Unhealthy with { Sustained = sustained * 3 },
        };
    }
}
