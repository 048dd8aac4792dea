using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>Makes a seed's plan. Every part draws from a stream of its own, so that a change in one part
/// shifts no other.</summary>
public static class PlanGenerator
{
    private static readonly Duration Settling = Duration.FromMinutes(5);

    public static Plan Generate(ulong seed, Profile profile)
    {
        var topology = TopologyOf(seed, profile);
        var families = FamiliesOf(seed, profile);
        var options = OptionsGenerator.Generate(seed, families);
        var faults = FaultGenerator.Generate(seed, profile, topology, families);
        var operations = OperationGenerator.Generate(seed, profile, topology);
        return new Plan(
            Plan.FormatVersion,
            seed,
            profile.Name,
            topology,
            options,
            profile.FaultsEnd,
            Settling + (options.Gate.DefaultDeadlineAllowance * 2),
            faults,
            operations,
            Overrides: []);
    }

    private static PlanTopology TopologyOf(ulong seed, Profile profile)
    {
        var rng = Rng.Stream(seed, "topology");
        var gates = (int)rng.Between(profile.GatesMin, profile.GatesMax);
        var datacenters = new List<PlanDatacenter>();
        var count = rng.Between(profile.DatacentersMin, profile.DatacentersMax);
        for (var i = 0; i < count; i++)
        {
            var one = Rng.Stream(seed, "datacenter", "", (ulong)i);
            var managers = profile.Name == Profile.Performance.Name
                ? profile.ManagersMax
                : (int)one.Between(1, profile.ManagersMax);
            var workers = one.Between(profile.WorkersMin, profile.WorkersMax);
            datacenters.Add(new PlanDatacenter(
                $"dc-{(char)('a' + i)}",
                managers,
                [.. Enumerable.Range(0, (int)workers).Select(_ => (int)one.Between(1, 4))]));
        }

        var groups = rng.Pick([1, 4, 64]);
        return new PlanTopology(gates, groups, datacenters, (int)rng.Between(1, profile.ClientsMax));
    }

    /// <summary>Each family is off with probability one half, else of some intensity.</summary>
    private static SortedDictionary<FaultFamily, int> FamiliesOf(ulong seed, Profile profile)
    {
        var families = new SortedDictionary<FaultFamily, int>();
        foreach (var family in Enum.GetValues<FaultFamily>())
        {
            var rng = Rng.Stream(seed, "family", family.ToString());
            var isOn = rng.Chance(1, 2);
            var intensity = (int)rng.Between(1, profile.IntensityMax);
            if (isOn && !profile.AlwaysOff.Contains(family)) families.Add(family, intensity);
        }

        return families;
    }
}
