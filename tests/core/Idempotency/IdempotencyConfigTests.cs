using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Idempotency;

public sealed class IdempotencyConfigTests
{
    private readonly List<string> _faults = [];

    [Fact]
    public void Without_settings_the_defaults_of_the_decision_hold()
    {
        var config = Read();

        Assert.Equal(IdempotencyConfig.Default, config);
        Assert.Equal(Duration.FromSeconds(60), config.PendingTtl);
        Assert.Equal(Duration.FromSeconds(300), config.CommittedTtl);
        Assert.Equal(Duration.FromSeconds(60), config.RejectedTtl);
        Assert.Equal(100_000, config.MaxEntries);
        Assert.Equal(Duration.FromSeconds(10), config.CleanupInterval);
        Assert.True(config.WaitForPending);
        Assert.Equal(Duration.FromSeconds(30), config.PendingWaitTimeout);
    }

    [Fact]
    public void Every_setting_is_read_under_its_name()
    {
        var config = Read(
            ("IDEMPOTENCY_PENDING_TTL_SECONDS", "61"), ("IDEMPOTENCY_COMMITTED_TTL_SECONDS", "5m1s"),
            ("IDEMPOTENCY_REJECTED_TTL_SECONDS", "62"), ("IDEMPOTENCY_MAX_ENTRIES", "7"),
            ("IDEMPOTENCY_CLEANUP_INTERVAL_SECONDS", "11"), ("IDEMPOTENCY_WAIT_FOR_PENDING", "false"),
            ("IDEMPOTENCY_PENDING_WAIT_TIMEOUT", "1500ms"), ("SPILLOVER_ENABLED", "true"));

        Assert.Empty(_faults);
        Assert.Equal(
            new IdempotencyConfig(
                Duration.FromSeconds(61), Duration.FromSeconds(301), Duration.FromSeconds(62), 7,
                Duration.FromSeconds(11), false, Duration.FromMilliseconds(1500)),
            config);
    }

    [Theory]
    [InlineData("IDEMPOTENCY_PENDING_TTL_SECONDS", "soon", "1s to 1h")]
    [InlineData("IDEMPOTENCY_COMMITTED_TTL_SECONDS", "300x", "1s to 4w2d")]
    [InlineData("IDEMPOTENCY_REJECTED_TTL_SECONDS", "0", "1s to 4w2d")]
    [InlineData("IDEMPOTENCY_MAX_ENTRIES", "0", "1 to 10000000")]
    [InlineData("IDEMPOTENCY_MAX_ENTRIES", "-5", "1 to 10000000")]
    [InlineData("IDEMPOTENCY_CLEANUP_INTERVAL_SECONDS", "2h", "1s to 1h")]
    [InlineData("IDEMPOTENCY_WAIT_FOR_PENDING", "yes", "true or false")]
    [InlineData("IDEMPOTENCY_PENDING_WAIT_TIMEOUT", "", "1s to 1h")]
    public void A_fault_names_setting_value_and_range(string name, string value, string range)
    {
        Read((name, value));

        var fault = Assert.Single(_faults);
        Assert.StartsWith($"{name}: is '{value}'", fault, StringComparison.Ordinal);
        Assert.Contains(range, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_of_this_kind_is_a_fault_that_lists_the_known_ones()
    {
        Read(("IDEMPOTENCY_MAX_ENTRYS", "7"));

        var fault = Assert.Single(_faults);
        Assert.StartsWith("IDEMPOTENCY_MAX_ENTRYS: is unknown", fault, StringComparison.Ordinal);
        Assert.Contains("IDEMPOTENCY_MAX_ENTRIES", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_is_told_at_once()
    {
        Read(("IDEMPOTENCY_X", "1"), ("IDEMPOTENCY_MAX_ENTRIES", "x"), ("IDEMPOTENCY_Y", "2"));
        Assert.Equal(3, _faults.Count);
    }

    [Fact]
    public void What_a_node_keeps_is_shared_among_its_groups()
    {
        var config = IdempotencyConfig.Default with { MaxEntries = 10 };
        Assert.Equal(3, config.RetentionOf(3).EntriesMax);
        Assert.Equal(1, config.RetentionOf(64).EntriesMax);
        Assert.Equal(10, config.RetentionOf(0).EntriesMax);
    }

    private IdempotencyConfig Read(params (string Name, string Value)[] given) =>
        IdempotencyConfig.Read(given.Select(pair => new GivenSetting(pair.Name, pair.Value)), _faults);
}
