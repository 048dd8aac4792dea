using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>What kind of worlds a set of seeds makes.</summary>
/// <param name="CrowdMax">Most jobs that come at about the same time, beside the others.</param>
/// <param name="FaultsEnd">Length of the first phase.</param>
/// <param name="AlwaysOff">Families that no seed switches on.</param>
/// <param name="IntensityMax">A family that is on has an intensity from 1 to this.</param>
public sealed record Profile(
    string Name,
    string About,
    int GatesMin,
    int GatesMax,
    int DatacentersMin,
    int DatacentersMax,
    int ManagersMax,
    int WorkersMin,
    int WorkersMax,
    int ClientsMax,
    int JobsMin,
    int JobsMax,
    int CrowdMax,
    Duration FaultsEnd,
    IReadOnlyList<FaultFamily> AlwaysOff,
    int IntensityMax)
{
    public static readonly Profile Smoke = new(
        "smoke",
        "small clusters, half a minute of faults",
        GatesMin: 1,
        GatesMax: 3,
        DatacentersMin: 1,
        DatacentersMax: 2,
        ManagersMax: 2,
        WorkersMin: 1,
        WorkersMax: 3,
        ClientsMax: 2,
        JobsMin: 2,
        JobsMax: 6,
        CrowdMax: 0,
        Duration.FromSeconds(30),
        [],
        IntensityMax: 2);

    public static readonly Profile Swarm = new(
        "swarm",
        "larger clusters, two minutes of faults of every intensity",
        GatesMin: 1,
        GatesMax: 5,
        DatacentersMin: 1,
        DatacentersMax: 3,
        ManagersMax: 3,
        WorkersMin: 1,
        WorkersMax: 5,
        ClientsMax: 4,
        JobsMin: 4,
        JobsMax: 24,
        CrowdMax: 16,
        Duration.FromSeconds(120),
        [],
        IntensityMax: 4);

    public static readonly Profile Liveness = new(
        "liveness",
        "short, heavy faults over many jobs, then everything has to end",
        GatesMin: 2,
        GatesMax: 3,
        DatacentersMin: 2,
        DatacentersMax: 3,
        ManagersMax: 2,
        WorkersMin: 1,
        WorkersMax: 3,
        ClientsMax: 3,
        JobsMin: 8,
        JobsMax: 20,
        CrowdMax: 0,
        Duration.FromSeconds(20),
        [FaultFamily.Workload, FaultFamily.Runaway],
        IntensityMax: 5);

    public static readonly Profile Performance = new(
        "performance",
        "3 gates and 3 datacenters of 5 managers and 5 workers under load, without faults",
        GatesMin: 3,
        GatesMax: 3,
        DatacentersMin: 3,
        DatacentersMax: 3,
        ManagersMax: 5,
        WorkersMin: 5,
        WorkersMax: 5,
        ClientsMax: 4,
        JobsMin: 300,
        JobsMax: 300,
        CrowdMax: 0,
        Duration.FromSeconds(120),
        Enum.GetValues<FaultFamily>(),
        IntensityMax: 1);

    public static IReadOnlyList<Profile> All => [Smoke, Swarm, Liveness, Performance];

    /// <summary>Null where there is none of that name.</summary>
    public static Profile? Named(string name) => All.FirstOrDefault(profile => profile.Name == name);
}
