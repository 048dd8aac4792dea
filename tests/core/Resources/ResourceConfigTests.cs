using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Resources;

public sealed class ResourceConfigTests
{
    private readonly List<string> _faults = [];

    [Fact]
    public void What_is_not_given_keeps_its_default()
    {
        Assert.Equal(
            new ResourceConfig(
                true, Duration.FromSeconds(1), 0.7, 0.85, 1.0, Duration.FromSeconds(5), 10, 25),
            Read());
        Assert.Empty(_faults);
    }

    [Fact]
    public void Every_setting_has_its_name()
    {
        var config = Read(
            ("RESOURCE_GUARD_ENABLED", "false"), ("RESOURCE_GUARD_SAMPLE_INTERVAL_SECONDS", "500ms"),
            ("RESOURCE_GUARD_WARN_THRESHOLD", "0.5"), ("RESOURCE_GUARD_THROTTLE_THRESHOLD", "0.6"),
            ("RESOURCE_GUARD_KILL_THRESHOLD", "0.9"), ("RESOURCE_GUARD_GRACE_PERIOD_SECONDS", "7"),
            ("RESOURCE_GUARD_KALMAN_PROCESS_NOISE", "4"),
            ("RESOURCE_GUARD_KALMAN_MEASUREMENT_NOISE", "16"));

        Assert.Equal(
            new ResourceConfig(
                false, Duration.FromMilliseconds(500), 0.5, 0.6, 0.9, Duration.FromSeconds(7), 4, 16),
            config);
        Assert.Empty(_faults);
    }

    [Fact]
    public void A_threshold_that_is_not_given_follows_a_lower_one_above_it()
    {
        var config = Read(("RESOURCE_GUARD_KILL_THRESHOLD", "0.5"));
        Assert.Equal((0.5, 0.5), (config.WarnThreshold, config.ThrottleThreshold));
    }

    [Theory]
    [InlineData("RESOURCE_GUARD_WARN_THRESHOLD", "0.9",
        "RESOURCE_GUARD_WARN_THRESHOLD: is '0.9'; a number from 0.01 to 0.85 is needed")]
    [InlineData("RESOURCE_GUARD_KALMAN_PROCESS_NOISE", "0",
        "RESOURCE_GUARD_KALMAN_PROCESS_NOISE: is '0'; a number from 0.001 to 1000000 is needed")]
    [InlineData("RESOURCE_GUARD_ENABLED", "yes",
        "RESOURCE_GUARD_ENABLED: is 'yes'; true or false is needed")]
    public void A_fault_names_setting_value_and_range(string name, string value, string fault)
    {
        Read((name, value));
        Assert.Equal([fault], _faults);
    }

    private ResourceConfig Read(params (string Name, string Value)[] given) =>
        ResourceConfig.Read(given.Select(pair => new GivenSetting(pair.Name, pair.Value)), _faults);
}
