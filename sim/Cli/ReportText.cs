using System.Globalization;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Runs;
using Spectre.Console;

namespace Hyperscale.Det.Sim.Cli;

/// <summary>What runs came to, for people.</summary>
internal static class ReportText
{
    public static void Print(SeedReport report, int twice)
    {
        PrintFaults(report.Coverage);
        PrintVerdicts(report.Coverage);
        var never = report.Coverage.NeverMet.ToList();
        if (never.Count > 0) Say($"never met: {string.Join(", ", never)}");
        Say($"{report.Seeds} seeds of profile {report.Profile}, {Times(twice)}: {report.Events} events, "
            + $"{report.Figures.Messages} messages, {report.Figures.Jobs} jobs, "
            + $"{report.Figures.Attempts} attempts");
        Say($"{report.Took.TotalSeconds:F1} s on {report.Jobs} threads: {report.EventsPerSecond:F0} events/s "
            + $"and {report.SpeedOfTime:F0} simulated seconds a second, each on one thread");
        Say(report.Failures.Count == 0
            ? "every rule held"
            : $"{report.Failures.Count} seeds failed: "
                + string.Join(", ", report.Failures.GroupBy(one => one.Failure.Checker)
                    .Select(group => $"{group.Key} {group.Count()}")));
    }

    public static void Print(RunResult result)
    {
        var options = result.Plan.Options;
        Say($"seed {result.Plan.Seed}, profile {result.Plan.Profile}");
        Say($"  {string.Join(", ", options.Families)}");
        Say($"  {options.Network}");
        Say($"  {options.Disk}");
        Say($"  {options.Host}");
        Say($"  {options.Workload}");
        Say($"  {options.Gate}");
        Say($"  {options.Manager}");
        Say($"  {options.Worker}");
        Say($"{result.Events} events in {result.Simulated} of virtual time, hash {result.Hash:x16}");
        if (result.Failure is null)
        {
            Say("every rule held");
            return;
        }

        Say(result.Failure.Detail);
    }

    private static void PrintFaults(CoverageBoard coverage)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("fault", "fired");
        foreach (var family in Enum.GetValues<FaultFamily>())
            table.AddRow($"{family}", Number(coverage.Count(family)));
        AnsiConsole.Write(table);
        var probes = new Table().Border(TableBorder.Simple).AddColumns("situation", "met");
        foreach (var probe in Enum.GetValues<Probe>())
            if (coverage.Count(probe) > 0) probes.AddRow($"{probe}", Number(coverage.Count(probe)));
        AnsiConsole.Write(probes);
    }

    private static void PrintVerdicts(CoverageBoard coverage)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("role", "input", "verdicts");
        foreach (var group in coverage.Verdicts.GroupBy(entry => (entry.Key.Role, entry.Key.Input)))
        {
            table.AddRow(
                $"{group.Key.Role}",
                group.Key.Input,
                string.Join(", ", group.Select(entry => $"{entry.Key.Verdict} {Number(entry.Value)}")));
        }

        AnsiConsole.Write(table);
    }

    private static string Times(int twice) => twice switch
    {
        0 => "each run once",
        1 => "each run twice with equal outcome",
        _ => $"one in {twice} run twice with equal outcome",
    };

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static void Say(FormattableString line) =>
        Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static void Say(string line) => Console.WriteLine(line);
}
