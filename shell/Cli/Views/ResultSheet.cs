using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>An ended job's numbers: for each workflow and for all of them, each datacenter and the merged
/// result.</summary>
/// <remarks>A rate is the requests over the duration that the job file names; over the whole job, over its
/// longest chain of workflows.</remarks>
internal static class ResultSheet
{
    private const string Merged = "merged";
    private const string Total = "total";

    public static Sheet Of(ReportJson report, JobPlan plan)
    {
        var columns = new List<SheetColumn>
        {
            new("workflow"), new("datacenter"), new("requests", true), new("errors", true),
            new("rate/s", true), new("p50 ms", true), new("p95 ms", true), new("p99 ms", true),
            new("max ms", true),
        };
        var rows = new List<IReadOnlyList<string>>();
        for (var i = 0; i < report.Workflows.Count; i++)
        {
            var (name, length) = (report.Workflows[i].Name, plan.Workflows[i]);
            foreach (var cell in report.Cells.Where(cell => cell.Workflow == name))
                rows.Add(Row(name, cell.Datacenter, cell.Numbers, length));
            rows.Add(Row(name, Merged, report.Workflows[i].Numbers, length));
        }

        foreach (var part in report.Datacenters) rows.Add(Row(Total, part.Name, part.Numbers, plan.Whole));
        rows.Add(Row(Total, Merged, report.Totals, plan.Whole));
        return new Sheet(columns, rows);
    }

    private static IReadOnlyList<string> Row(
        string workflow, string datacenter, NumbersJson numbers, Duration length) =>
    [
        workflow,
        datacenter,
        Figures.Count(numbers.Requests),
        Figures.Count(numbers.Errors),
        length > Duration.Zero ? Figures.Rate(numbers.Requests * 1e9 / length.Nanoseconds) : Figures.None,
        Figures.Milliseconds(numbers.P50Ms),
        Figures.Milliseconds(numbers.P95Ms),
        Figures.Milliseconds(numbers.P99Ms),
        Figures.Milliseconds(numbers.MaxMs),
    ];
}
