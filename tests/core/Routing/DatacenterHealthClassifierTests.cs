using Hyperscale.Det.Capacity;
using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class DatacenterHealthClassifierTests
{
    /// <summary>Managers, alive ones, workers, healthy ones, free cores.</summary>
    [Theory]
    [InlineData(3, 3, 4, 4, 9, DatacenterHealth.Healthy, HealthReason.None)]
    [InlineData(3, 0, 4, 4, 9, DatacenterHealth.Unhealthy, HealthReason.NoAliveManager)]
    [InlineData(3, 3, 0, 0, 0, DatacenterHealth.Unhealthy, HealthReason.NoWorker)]
    [InlineData(3, 3, 4, 3, 9, DatacenterHealth.Healthy, HealthReason.None)]
    [InlineData(3, 3, 4, 2, 9, DatacenterHealth.Degraded, HealthReason.FewWorkers)]
    [InlineData(3, 3, 1, 0, 9, DatacenterHealth.Degraded, HealthReason.FewWorkers)]
    [InlineData(3, 2, 4, 4, 9, DatacenterHealth.Healthy, HealthReason.None)]
    [InlineData(3, 1, 4, 4, 9, DatacenterHealth.Degraded, HealthReason.FewManagers)]
    [InlineData(3, 1, 4, 4, 0, DatacenterHealth.Degraded, HealthReason.FewManagers)]
    // Full is busy, never unhealthy.
    [InlineData(3, 3, 4, 4, 0, DatacenterHealth.Busy, HealthReason.NoFreeCore)]
    [InlineData(1, 1, 1, 1, 0, DatacenterHealth.Busy, HealthReason.NoFreeCore)]
    public void A_datacenter_is_as_well_as_its_managers_workers_and_cores(
        int managers, int alive, int workers, int healthy, int free, DatacenterHealth health,
        HealthReason reason) =>
        Assert.Equal(
            new HealthVerdict(health, reason),
            DatacenterHealthClassifier.Classify(managers, alive, workers, healthy, free));

    [Fact]
    public void The_worst_signal_counts_with_its_reason()
    {
        var full = new HealthVerdict(DatacenterHealth.Busy, HealthReason.NoFreeCore);
        var slo = new HealthVerdict(DatacenterHealth.Degraded, HealthReason.Slo);

        Assert.Equal(slo, HealthVerdict.Worse(full, slo));
        Assert.Equal(slo, HealthVerdict.Worse(slo, full));
        // Of two alike the first, but fullness is no reason beside another.
        var busy = new HealthVerdict(DatacenterHealth.Busy, HealthReason.Slo);
        var pressed = new HealthVerdict(DatacenterHealth.Busy, HealthReason.Resources);
        Assert.Equal(busy, HealthVerdict.Worse(full, busy));
        Assert.Equal(busy, HealthVerdict.Worse(busy, full));
        Assert.Equal(busy, HealthVerdict.Worse(busy, pressed));
    }

    [Fact]
    public void Every_reason_has_a_name_of_its_own() =>
        Assert.Equal(
            Enum.GetValues<HealthReason>().Length,
            Enum.GetValues<HealthReason>().Select(HealthVerdict.NameOf).Distinct().Count());
}
