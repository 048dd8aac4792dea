using Hyperscale.Det.Capacity;
using Hyperscale.Det.Routing;
using static Hyperscale.Det.Tests.Core.Routing.RoutingSamples;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class CandidateFilterTests
{
    [Fact]
    public void What_cannot_take_a_job_is_excluded_with_its_reason()
    {
        Assert.Equal(ExclusionReason.None, Of(Dc("a")));
        Assert.Equal(ExclusionReason.Unhealthy, Of(Dc("a", health: DatacenterHealth.Unhealthy)));
        Assert.Equal(ExclusionReason.NoManager, Of(Dc("a", managers: 0)));
        Assert.Equal(ExclusionReason.AllCircuitsOpen, Of(Dc("a", managers: 2, circuits: 2)));
        Assert.Equal(ExclusionReason.None, Of(Dc("a", managers: 2, circuits: 1)));
        Assert.Equal(ExclusionReason.None, Of(Dc("a", health: DatacenterHealth.Degraded)));
    }

    private static bool IsFull(DatacenterCandidate candidate) =>
        new RoutingScorer(new PlainLatencies()).Score(candidate, Request(), 1, 0, false, At(0)).IsFull;

    [Fact]
    public void Full_is_who_is_busy_for_want_of_a_core_alone()
    {
        Assert.True(IsFull(Full("a")));
        Assert.False(IsFull(Dc("a", free: 0)));
        Assert.False(IsFull(Full("a") with { HealthReason = HealthReason.Resources }));
        Assert.False(IsFull(Full("a") with { IsHealthStale = true }));
    }

    [Fact]
    public void Of_an_explicit_list_no_other_is_used_and_preferring_excludes_nobody()
    {
        Assert.Equal(
            ExclusionReason.NotInOnly, CandidateFilter.ExclusionOf(Dc("a"), Request(only: ["b", "c"])));
        Assert.Equal(ExclusionReason.None, CandidateFilter.ExclusionOf(Dc("c"), Request(only: ["b", "c"])));
        Assert.Equal(ExclusionReason.None, CandidateFilter.ExclusionOf(Dc("a"), Request(preferred: ["b"])));
    }

    [Theory]
    [InlineData(DatacenterHealth.Healthy, DatacenterHealth.Degraded)]
    [InlineData(DatacenterHealth.Busy, DatacenterHealth.Degraded)]
    [InlineData(DatacenterHealth.Degraded, DatacenterHealth.Degraded)]
    [InlineData(DatacenterHealth.Unhealthy, DatacenterHealth.Unhealthy)]
    public void Health_that_was_not_confirmed_lately_is_degraded_at_best(
        DatacenterHealth told, DatacenterHealth bucket)
    {
        Assert.Equal(bucket, CandidateFilter.BucketOf(Dc("a", health: told, isHealthStale: true)));
        Assert.Equal(told, CandidateFilter.BucketOf(Dc("a", health: told)));
    }

    [Fact]
    public void An_exclusion_says_why()
    {
        Assert.Equal(
            "unhealthy: no_worker",
            new Exclusion("a", ExclusionReason.Unhealthy, HealthReason.NoWorker).Text);
        Assert.Equal("not_in_only", new Exclusion("a", ExclusionReason.NotInOnly, default).Text);
    }

    private static ExclusionReason Of(DatacenterCandidate candidate) =>
        CandidateFilter.ExclusionOf(candidate, Request());
}
