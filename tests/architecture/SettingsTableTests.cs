using System.Globalization;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Reliability;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>What <c>core/Reliability/README.md</c> says of settings is what their readers do.</summary>
public sealed class SettingsTableTests
{
    private static readonly SortedDictionary<string, (string Absent, string Allowed)> Table = ReadTable();

    [Fact]
    public void Every_setting_is_in_the_table()
    {
        var known = new[] { RetryBudgetConfig.Prefix, BestEffortConfig.Prefix }
            .SelectMany(prefix => FaultsOf(prefix + "OTHER", "1"))
            .SelectMany(fault => fault[(fault.IndexOf(" are ", StringComparison.Ordinal) + 5)..].Split(", "));

        Assert.Equal(Table.Keys, known.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_defaults_are_those_of_the_table()
    {
        var given = Table.Select(row => new GivenSetting(row.Key, row.Value.Absent)).ToList();
        var faults = new List<string>();

        Assert.Equal(RetryBudgetConfig.Standard, RetryBudgetConfig.Read(given, faults));
        Assert.Equal(BestEffortConfig.Standard, BestEffortConfig.Read(given, faults));
        Assert.Empty(faults);
    }

    [Fact]
    public void What_the_table_allows_is_taken_and_nothing_beyond()
    {
        foreach (var (name, (_, allowed)) in Table)
        {
            if (allowed.Split(" to ") is not [var min, var max])
            {
                Assert.All(allowed.Split(", "), word => Assert.Empty(FaultsOf(name, word)));
                Assert.NotEmpty(FaultsOf(name, "other"));
                continue;
            }

            var (low, high) = (Number(min), Number(Table.TryGetValue(max, out var row) ? row.Absent : max));
            Assert.Empty(FaultsOf(name, Text(low)));
            Assert.Empty(FaultsOf(name, Text(high)));
            Assert.NotEmpty(FaultsOf(name, Text(low - 1)));
            Assert.NotEmpty(FaultsOf(name, Text(high + 1)));
        }
    }

    private static List<string> FaultsOf(string name, string value)
    {
        var faults = new List<string>();
        RetryBudgetConfig.Read([new GivenSetting(name, value)], faults);
        BestEffortConfig.Read([new GivenSetting(name, value)], faults);
        return faults;
    }

    private static SortedDictionary<string, (string Absent, string Allowed)> ReadTable()
    {
        var readme = Path.Combine(Repository.Root, "core", "Reliability", "README.md");
        var table = new SortedDictionary<string, (string, string)>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(readme))
        {
            const StringSplitOptions Tidy =
                StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
            var cells = line.Split('|', Tidy);
            if (cells is [var name, var absent, var allowed] && name.Contains('_', StringComparison.Ordinal))
                table.Add(name, (absent, allowed));
        }

        return table;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
