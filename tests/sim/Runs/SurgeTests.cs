using Hyperscale.Det.Capacity;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Routing;
using static Hyperscale.Det.Tests.Sim.Runs.SloWorld;

namespace Hyperscale.Det.Tests.Sim.Runs;

/// <summary>A surge of jobs that load what they measure, so that it answers slowly for as long as many are
/// there: what routing does about it must not keep it going (AD-42).</summary>
public sealed class SurgeTests
{
    private const int SurgeFrom = 30;
    private const int SurgeUntil = SurgeFrom + 50;

    // Of each of the two datacenters; a job takes one for a second and a little more.
    private const int Cores = 6;

    // What was found stands until probes bring enough latencies, or for six evaluation windows.
    private const int BackWithin = 340;

    [Theory]
    [InlineData(2, 0, false)]
    [InlineData(5, 6, true)]
    [InlineData(10, 6, true)]
    public void After_a_surge_goodput_health_and_routing_are_as_before(
        int times, int switchesMax, bool isSlow)
    {
        var surge = Enumerable.Range(SurgeFrom, SurgeUntil - SurgeFrom)
            .SelectMany(second => Enumerable.Repeat(second, times - 1));
        int[] seconds = [.. EachSecond(SurgeUntil + BackWithin + 100).Concat(surge).Order()];
        var plan = PlanOf(Config, seconds, Cores, managers: 1, LearnsNothing);
        var world = new Hyperscale.Det.Sim.Engine.World(
            plan.With(CalmPlan.Workload with { SaturatedTimes = 300 }));
        var decisions = DecisionsOf(world);

        // With all cores in use, what is loaded answers so slowly that a datacenter is found wanting.
        Assert.Equal(isSlow, decisions.Any(decision =>
            Candidate(decision).HealthReason == HealthReason.Slo
            || Candidate(decision, Second).HealthReason == HealthReason.Slo));
        var switches = decisions.Where(decision => RoutingReasons.IsSwitch(decision.Reason))
            .Select(decision => $"{decision.At} {decision.Reason} to {decision.Primaries.First()}").ToList();
        Assert.True(switches.Count <= switchesMax, string.Join("; ", switches));
        var after = decisions[^100..^1];
        Assert.All(after, decision => Assert.Equal(
            (DatacenterHealth.Healthy, DatacenterHealth.Healthy),
            (HealthOf(decision), HealthOf(decision, Second))));
        var home = after.First(decision => decision.Reason != RoutingReason.Probe).Primaries;
        Assert.All(after, decision =>
        {
            if (decision.Reason != RoutingReason.Probe) Assert.Equal(home, decision.Primaries);
        });
        var jobs = GateOf(world).Ledger.All.OrderBy(job => job.Submitted).ToList();
        Assert.All(jobs, job => Assert.Equal(JobState.Completed, job.State));
        Assert.All(jobs[^(BackWithin + 50)..], job => Assert.True(TimeOf(job) <= SecondLong * 3));
    }
}
