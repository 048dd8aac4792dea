using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Capacity;

public sealed class CapacityConfigTests
{
    private readonly List<string> _faults = [];

    [Fact]
    public void What_is_not_given_keeps_its_default()
    {
        Assert.Equal(
            new CapacityConfig(
                true, Duration.FromSeconds(60), 100, 0.5, Duration.FromSeconds(30), Duration.FromSeconds(5)),
            Read());
        Assert.Empty(_faults);
    }

    [Fact]
    public void Every_setting_has_its_name()
    {
        var config = Read(
            ("SPILLOVER_ENABLED", "false"), ("SPILLOVER_MAX_WAIT_SECONDS", "2m"),
            ("SPILLOVER_MAX_LATENCY_PENALTY_MS", "40"), ("SPILLOVER_MIN_IMPROVEMENT_RATIO", "0.25"),
            ("CAPACITY_STALENESS_THRESHOLD_SECONDS", "10"), ("CAPACITY_HEARTBEAT_INTERVAL_SECONDS", "2"));

        Assert.Equal(
            new CapacityConfig(
                false, Duration.FromSeconds(120), 40, 0.25, Duration.FromSeconds(10),
                Duration.FromSeconds(2)),
            config);
        Assert.Empty(_faults);
    }

    [Fact]
    public void An_interval_that_is_not_given_follows_a_lower_threshold() =>
        Assert.Equal(
            Duration.FromSeconds(2), Read(("CAPACITY_STALENESS_THRESHOLD_SECONDS", "4")).HeartbeatInterval);

    [Theory]
    [InlineData("SPILLOVER_MIN_IMPROVEMENT_RATIO", "1.5",
        "SPILLOVER_MIN_IMPROVEMENT_RATIO: is '1.5'; a number from 0 to 1 is needed")]
    [InlineData("SPILLOVER_MIN_IMPROVEMENT_RATIO", "half",
        "SPILLOVER_MIN_IMPROVEMENT_RATIO: is 'half'; a number from 0 to 1 is needed")]
    [InlineData("SPILLOVER_MAX_LATENCY_PENALTY_MS", "5s",
        "SPILLOVER_MAX_LATENCY_PENALTY_MS: is '5s'; a whole number from 0 to 10000 is needed")]
    [InlineData("SPILLOVER_RATIO", "1",
        "SPILLOVER_RATIO: is unknown; settings of this kind are SPILLOVER_ENABLED, "
        + "SPILLOVER_MAX_LATENCY_PENALTY_MS, SPILLOVER_MAX_WAIT_SECONDS, SPILLOVER_MIN_IMPROVEMENT_RATIO")]
    [InlineData("CAPACITY_AGE", "1",
        "CAPACITY_AGE: is unknown; settings of this kind are CAPACITY_HEARTBEAT_INTERVAL_SECONDS, "
        + "CAPACITY_STALENESS_THRESHOLD_SECONDS")]
    public void A_fault_names_setting_value_and_range(string name, string value, string fault)
    {
        Read((name, value));
        Assert.Equal([fault], _faults);
    }

    private CapacityConfig Read(params (string Name, string Value)[] given) =>
        CapacityConfig.Read(given.Select(pair => new GivenSetting(pair.Name, pair.Value)), _faults);
}
