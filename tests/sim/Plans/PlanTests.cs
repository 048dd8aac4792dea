using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Tests.Sim.Plans;

public sealed class PlanTests
{
    public static TheoryData<string> Profiles => [.. Profile.All.Select(profile => profile.Name)];

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_plan_is_the_same_after_writing_and_reading(string profile) =>
        Assert.All(Plans(profile, 50), plan =>
        {
            var text = PlanFile.Write(plan);

            var read = PlanFile.Read(text, out var fault);

            Assert.Equal("", fault);
            Assert.Equal(text, PlanFile.Write(read!));
        });

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Every_seed_makes_a_plan_that_makes_sense(string profile) =>
        Assert.All(Plans(profile, 200), plan => Assert.Null(PlanCheck.Fault(plan)));

    [Fact]
    public void Two_seeds_make_two_plans() =>
        Assert.Distinct(Plans("smoke", 20).Select(plan => PlanFile.Write(plan with { Seed = 0 })));

    [Fact]
    public void Each_family_is_on_in_about_half_of_the_seeds() =>
        Assert.All(Enum.GetValues<FaultFamily>(), family =>
            Assert.InRange(Plans("smoke", 400).Count(plan => plan.Options.Has(family)), 150, 250));

    [Fact]
    public void A_family_that_is_off_shifts_nothing_of_the_others() => Assert.All(Plans("smoke", 100), plan =>
    {
        var without = PlanGenerator.Generate(
            plan.Seed, Profile.Smoke with { AlwaysOff = [FaultFamily.Crash] });

        var others = plan.Faults.Where(fault => fault.Family != FaultFamily.Crash);
        Assert.Equal(others.Select(fault => $"{fault}"), without.Faults.Select(fault => $"{fault}"));
        Assert.Equal(plan.Operations.Count, without.Operations.Count);
        Assert.Equal(plan.Options.Network, without.Options.Network);
    });

    [Fact]
    public void Every_kind_of_fault_and_operation_is_made()
    {
        var plans = Plans("swarm", 100).ToList();

        Assert.Equal(
            14, plans.SelectMany(plan => plan.Faults).Select(fault => fault.GetType()).Distinct().Count());
        Assert.Equal(
            5, plans.SelectMany(plan => plan.Operations).Select(one => one.GetType()).Distinct().Count());
    }

    [Theory]
    [InlineData("\"gates\": 1", "\"gates\": 0", "topology.gates: at least 1 is needed")]
    [InlineData("\"format\": 1", "\"format\": 2", "format is 2; this build reads 1")]
    [InlineData("\"seed\": 7", "\"seed\": 7, \"speed\": 3", "could not be mapped")]
    [InlineData("\"faultsEnd\": \"1m\"", "\"faultsEnd\": \"soon\"", "'soon' is no duration")]
    public void A_plan_that_makes_no_sense_is_refused_with_a_reason(string good, string bad, string reason)
    {
        var text = PlanFile.Write(CalmPlan.Smallest);
        Assert.Contains(good, text, StringComparison.Ordinal);

        var plan = PlanFile.Read(text.Replace(good, bad, StringComparison.Ordinal), out var fault);

        Assert.Null(plan);
        Assert.Contains(reason, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_of_an_unknown_node_is_refused()
    {
        var plan = CalmPlan.Smallest.With(new PlannedFault.Pause(default, "gate-9", default));

        Assert.Equal("'gate-9' is no node of the plan's topology", PlanCheck.Fault(plan));
    }

    private static IEnumerable<Plan> Plans(string profile, int count) =>
        Enumerable.Range(1, count)
            .Select(seed => PlanGenerator.Generate((ulong)seed, Profile.Named(profile)!));
}
