using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;

namespace Hyperscale.Det.Sim.Studies;

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
/// <remarks>The same jobs come at the same times whatever the policy. They are meant to use 45% of all
/// cores.</remarks>
public sealed record StudyModel(ulong Seed, int Jobs, RoutingScenario Scenario)
{
    /// <summary>Managers of a datacenter.</summary>
    public const int Managers = 3;

    /// <summary>Percent by which a message may take longer than half the round trip.</summary>
    public const int JitterPercent = 15;

    private const long JobsPer100Seconds = 330;

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

    /// <summary>A third of the time in which jobs come.</summary>
    private Duration Third => Duration.FromSeconds(100) * Jobs
        / (JobsPer100Seconds * (Scenario == RoutingScenario.Surge ? 4 : 3));

    public Instant ChangeAt => FirstArrival + Third;

    public Instant HealAt => FirstArrival + (Third * 2);

    public Instant LastArrival => FirstArrival + (Third * 3);

    /// <summary>Round trip from a gate to a datacenter, without jitter.</summary>
    public static int RttMs(int gate, int place) =>
        RegionRttMs[gate][Places[place].Region] + Places[place].AccessMs;

    /// <summary>Round trip between two gates, without jitter.</summary>
    public static int GateRttMs(int gate, int other) => RegionRttMs[gate][other];

    /// <summary>The jobs by time of arrival: as many as there are at uniformly drawn times, which is how
    /// arrivals of a Poisson process are spread.</summary>
    public IReadOnlyList<StudyJob> Arrivals()
    {
        var drawn = Enumerable.Range(0, Jobs).Select(n =>
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
        if (Scenario != RoutingScenario.Surge) return FirstArrival + new Duration(rng.Below(3 * third));
        // The second third counts twice.
        var drawn = rng.Below(4 * third);
        var at = drawn < third ? drawn : drawn < 3 * third ? (drawn + third) / 2 : drawn - third;
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
