using Hyperscale.Det.Kernel;
using Hyperscale.Det.Slo;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>What <c>core/Slo/README.md</c> says of settings is what their reader does.</summary>
public sealed class SloSettingsTableTests
{
    private static readonly IReadOnlyList<GivenSetting> Table = [.. ReadTable()];

    [Fact]
    public void Every_setting_is_in_the_table()
    {
        var faults = new List<string>();
        SloConfig.Read([new GivenSetting(SloConfig.Prefix + "OTHER", "1")], faults);
        var fault = Assert.Single(faults);
        var known = fault[(fault.IndexOf(" are ", StringComparison.Ordinal) + 5)..].Split(", ");

        Assert.Equal(
            known.Order(StringComparer.Ordinal),
            Table.Select(setting => setting.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_defaults_are_those_of_the_table()
    {
        var faults = new List<string>();

        Assert.Equal(SloConfig.Default, SloConfig.Read(Table, faults));
        Assert.Empty(faults);
    }

    /// <summary>A row has one or more settings, and as many defaults.</summary>
    private static IEnumerable<GivenSetting> ReadTable()
    {
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, "core", "Slo", "README.md")))
        {
            if (!line.StartsWith($"| {SloConfig.Prefix}", StringComparison.Ordinal)) continue;
            var cells = line.Split('|', StringSplitOptions.TrimEntries);
            foreach (var (name, absent) in cells[1].Split(", ").Zip(cells[2].Split(", "), (n, a) => (n, a)))
                yield return new GivenSetting(name, absent);
        }
    }
}
