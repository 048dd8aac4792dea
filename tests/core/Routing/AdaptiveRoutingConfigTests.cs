using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class AdaptiveRoutingConfigTests
{
    private readonly List<string> _faults = [];
    private readonly List<string> _warnings = [];

    [Fact]
    public void What_is_not_given_keeps_its_default()
    {
        Assert.Equal(new AdaptiveRoutingConfig(true, 0.2, 10, Duration.FromSeconds(300), 60_000), Read());
        Assert.Empty(_faults);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Every_setting_has_its_name()
    {
        Assert.Equal(
            new AdaptiveRoutingConfig(false, 0.5, 3, Duration.FromSeconds(60), 5000),
            Read(
                ("ADAPTIVE_ROUTING_ENABLED", "false"), ("ADAPTIVE_ROUTING_EWMA_ALPHA", "0.5"),
                ("ADAPTIVE_ROUTING_MIN_SAMPLES", "3"), ("ADAPTIVE_ROUTING_MAX_STALENESS_SECONDS", "60"),
                ("ADAPTIVE_ROUTING_LATENCY_CAP_MS", "5000")));
        Assert.Empty(_faults);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Older_names_are_read_with_a_warning_each()
    {
        Assert.Equal(
            new AdaptiveRoutingConfig(true, 0.5, 3, Duration.FromSeconds(60), 60_000),
            Read(
                ("ROUTE_LEARNING_ENABLED", "true"), ("ROUTE_LEARNING_EWMA_ALPHA", "0.5"),
                ("ROUTE_LEARNING_MIN_SAMPLES", "3"), ("ROUTE_LEARNING_MAX_STALENESS_SECONDS", "60"),
                ("ROUTE_LEARNING_USE_BLENDED_LATENCY", "true")));
        Assert.Empty(_faults);
        Assert.Equal(5, _warnings.Count);
        Assert.Contains(
            "ROUTE_LEARNING_EWMA_ALPHA: is an older name; ADAPTIVE_ROUTING_EWMA_ALPHA is the one to use",
            _warnings);
    }

    [Theory]
    [InlineData("ROUTE_LEARNING_ENABLED")]
    [InlineData("ROUTE_LEARNING_USE_BLENDED_LATENCY")]
    public void Either_older_switch_turns_learning_off(string name)
    {
        Assert.False(Read((name, "false")).IsEnabled);
        Assert.Single(_warnings);
    }

    [Fact]
    public void The_newer_name_counts_where_both_are_given()
    {
        var config = Read(("ROUTE_LEARNING_MIN_SAMPLES", "3"), ("ADAPTIVE_ROUTING_MIN_SAMPLES", "7"));

        Assert.Equal(7, config.MinSamples);
        Assert.Single(_warnings);
    }

    [Theory]
    [InlineData("ROUTE_LEARNING_EWMA_ALPHA", "2",
        "ROUTE_LEARNING_EWMA_ALPHA: is '2'; a number from 0.001 to 1 is needed")]
    [InlineData("ROUTE_LEARNING_USE_BLENDED_LATENCY", "yes",
        "ROUTE_LEARNING_USE_BLENDED_LATENCY: is 'yes'; true or false is needed")]
    [InlineData("ADAPTIVE_ROUTING_EWMA_ALPHA", "NaN",
        "ADAPTIVE_ROUTING_EWMA_ALPHA: is 'NaN'; a number from 0.001 to 1 is needed")]
    public void A_fault_names_the_setting_as_it_was_written(string name, string value, string fault)
    {
        Read((name, value));
        Assert.Equal([fault], _faults);
    }

    [Theory]
    [InlineData("ROUTE_LEARNING_ALPHA")]
    [InlineData("ADAPTIVE_ROUTING_ALPHA")]
    public void An_unknown_name_of_either_kind_is_told(string name)
    {
        Read((name, "1"));
        Assert.StartsWith($"{name}: is unknown", Assert.Single(_faults), StringComparison.Ordinal);
    }

    private AdaptiveRoutingConfig Read(params (string Name, string Value)[] given) =>
        AdaptiveRoutingConfig.Read(
            given.Select(pair => new GivenSetting(pair.Name, pair.Value)), _faults, _warnings);
}
