using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Sim.Studies;

/// <summary>What of the study can be chosen.</summary>
/// <param name="Seed">Of the jobs and the network.</param>
/// <param name="Jobs">Of each run.</param>
/// <param name="Scale">Datacenters have so many times the cores that the places say, and so many times the
/// jobs come.</param>
/// <param name="LoadPercent">Of all cores that the jobs are meant to use while nothing happens.</param>
public sealed record StudyOptions(
    ulong Seed, int Jobs = 30_000, int Scale = 4, int LoadPercent = 60)
{
    /// <summary>Fewest jobs that say anything.</summary>
    public const int JobsMin = 100;

    /// <summary>Most jobs of a run: all are held in memory.</summary>
    public const int JobsMax = 1_000_000;

    public const int ScaleMax = 16;

    public const int LoadPercentMin = 10;

    /// <summary>More would be more than a queue can bear.</summary>
    public const int LoadPercentMax = 90;
}

/// <summary>A datacenter of the study.</summary>
/// <param name="AccessMs">Round trip from the gate of its region; from elsewhere it comes on top of the
/// regions' distance.</param>
public sealed record StudyPlace(string Name, int Region, int Cores, int AccessMs);

/// <summary>A job of the study: one workflow in one datacenter.</summary>
/// <param name="Number">From 1, in the order of arrival.</param>
/// <param name="Gate">That takes it.</param>
public sealed record StudyJob(long Number, int Gate, Instant At, int Cores, Duration Duration);

/// <summary>What the routing study runs on: three regions with a gate and two datacenters each, and jobs from
/// a seed.</summary>
/// <remarks>The same jobs come at the same times whatever the policy.</remarks>
public sealed record StudyModel(StudyOptions Options, RoutingScenario Scenario)
{
    /// <summary>Managers of a datacenter.</summary>
    public const int Managers = 3;

    /// <summary>Percent by which a message may take longer than half the round trip.</summary>
    public const int JitterPercent = 15;

    /// <summary>Percent of the jobs that come otherwise, in the middle of a surge.</summary>
    public const int SurgePercent = 150;

    // Cores x seconds of a job: the mean of the one mix times that of the other.
    private const int CoreSecondsOfJob = 118;

    /// <summary>Before it heartbeats alone are sent, so that gates know where datacenters are.</summary>
    public static readonly Instant FirstArrival = Instant.Zero + Duration.FromSeconds(60);

    /// <summary>Own overhead of a datacenter that is well: starting a workload and merging its result; a
    /// fifth more or less.</summary>
    public static readonly Duration OwnOverhead = Duration.FromMilliseconds(100);

    // Shares in percent of what jobs are like, and of where they come from.
    private static readonly (int Percent, int Cores)[] CoresMix =
        [(20, 1), (30, 2), (30, 4), (15, 8), (5, 16)];
    private static readonly (int Percent, int Seconds)[] SecondsMix =
        [(20, 5), (30, 15), (30, 30), (15, 60), (5, 120)];
    private static readonly (int Percent, int Gate)[] GatesMix = [(40, 0), (35, 1), (25, 2)];

    // Between regions, in milliseconds.
    private static readonly int[][] RegionRttMs = [[0, 85, 160], [85, 0, 190], [160, 190, 0]];

    public static IReadOnlyList<StudyPlace> Places { get; } =
    [
        new("us-1", 0, 256, 2), new("us-2", 0, 128, 12),
        new("eu-1", 1, 192, 3), new("eu-2", 1, 96, 18),
        new("ap-1", 2, 128, 4), new("ap-2", 2, 64, 30),
    ];

    /// <summary>Index of the datacenter that something happens to: the largest one.</summary>
    public const int Affected = 0;

    public static Topology Cluster { get; } = new(
        "study",
        [NodeId.Of("gate-us"), NodeId.Of("gate-eu"), NodeId.Of("gate-ap")],
        [
            .. Places.Select(place => new DatacenterTopology(
                place.Name,
                [.. Enumerable.Range(1, Managers).Select(n => NodeId.Of($"{place.Name}/manager-{n}"))])),
        ]);

    public ulong Seed => Options.Seed;

    // Of arrivals, in percent of what comes in a third where nothing happens.
    private int MiddlePercent => Scenario == RoutingScenario.Surge ? SurgePercent : 100;

    private long JobsPer100Seconds =>
        (long)Options.LoadPercent * Options.Scale * Places.Sum(place => place.Cores) / CoreSecondsOfJob;

    /// <summary>A third of the time in which jobs come.</summary>
    private Duration Third => new((long)(
        (Int128)Duration.FromSeconds(100).Nanoseconds * 100 * Options.Jobs
        / (JobsPer100Seconds * (200 + MiddlePercent))));

    public Instant ChangeAt => FirstArrival + Third;

    public Instant HealAt => FirstArrival + (Third * 2);

    public Instant LastArrival => FirstArrival + (Third * 3);

    /// <summary>Of a datacenter.</summary>
    public int CoresOf(int place) => Places[place].Cores * Options.Scale;

    /// <summary>Round trip from a gate to a datacenter, without jitter.</summary>
    public static int RttMs(int gate, int place) =>
        RegionRttMs[gate][Places[place].Region] + Places[place].AccessMs;

    /// <summary>Round trip between two gates, without jitter.</summary>
    public static int GateRttMs(int gate, int other) => RegionRttMs[gate][other];

    /// <summary>The jobs by time of arrival: as many as there are at uniformly drawn times, which is how
    /// arrivals of a Poisson process are spread.</summary>
    public IReadOnlyList<StudyJob> Arrivals()
    {
        var drawn = Enumerable.Range(0, Options.Jobs).Select(n =>
        {
            var rng = Rng.Stream(Seed, "study-job", n: (ulong)n);
            return (At: ArrivalOf(rng), Gate: Draw(rng, GatesMix), Cores: Draw(rng, CoresMix),
                Nanoseconds: Draw(rng, SecondsMix) * rng.Between(800_000_000, 1_200_000_000));
        });
        return
        [
            .. drawn.OrderBy(job => job.At).Select((job, n) => new StudyJob(
                n + 1, job.Gate, job.At, job.Cores, new Duration(job.Nanoseconds))),
        ];
    }

    private Instant ArrivalOf(Rng rng)
    {
        var third = Third.Nanoseconds;
        var middle = third * MiddlePercent / 100;
        var drawn = rng.Below((2 * third) + middle);
        var at = drawn < third ? drawn
            : drawn < third + middle ? third + ((drawn - third) * 100 / MiddlePercent)
            : drawn - middle + third;
        return FirstArrival + new Duration(at);
    }

    private static int Draw(Rng rng, (int Percent, int Value)[] mix)
    {
        var drawn = rng.Below(100);
        var i = 0;
        for (; drawn >= mix[i].Percent; i++) drawn -= mix[i].Percent;
        return mix[i].Value;
    }
}
