using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>What is left to say of an ended job: its numbers, what went wrong, and what they cover.</summary>
internal static class ResultView
{
    private const int OutputLinesMax = 10;

    public static void Draw(StatusJson status, ReportJson report, JobPlan plan, CliContext context)
    {
        Screen.Draw(ResultSheet.Of(report, plan), context);
        foreach (var threshold in report.Thresholds) DrawThreshold(threshold, context);
        var (errors, dropped) = (report.Totals.Errors, report.Totals.Dropped);
        var kinds = string.Join(
            ", ", report.Totals.ErrorKinds.Select(kind => $"{kind.Kind} {Figures.Count(kind.Count)}"));
        if (errors > 0) context.Out.WriteLine(Figures.Clean($"errors: {Figures.Count(errors)} ({kinds})"));
        if (dropped > 0)
            context.Out.WriteLine($"dropped: {Figures.Count(dropped)} (arrivals that were never sent)");
        foreach (var slot in status.Slots) DrawFailures(slot, context);
        DrawCoverage(report.Coverage, context);
        DrawEnd(status, context);
    }

    /// <summary>The job's id, name, state and why it is in it, in one line.</summary>
    public static void DrawEnd(StatusJson status, CliContext context)
    {
        var state = Figures.Word(status.State);
        var line = $"job {status.Id} '{status.Name}' {Figures.WithReason(state, status.Reason)}";
        Screen.Line(Figures.Clean(line), state, context);
    }

    private static void DrawThreshold(ThresholdJson threshold, CliContext context)
    {
        var verdict = threshold.Passed ? "ok" : "crossed";
        var measured = Figures.Exact(threshold.Value);
        Screen.Line($"threshold {verdict}: {threshold.Text} (measured {measured})", verdict, context);
    }

    private static void DrawFailures(SlotJson slot, CliContext context)
    {
        if (slot.State is { } ended and not SlotState.Completed)
        {
            var word = Figures.Word(ended);
            var line = $"{ProgressSheet.Place(slot)} {Figures.WithReason(word, slot.Reason)}";
            Screen.Line(Figures.Clean(line), word, context);
        }

        foreach (var workflow in slot.Workflows)
        {
            if (workflow.State is not { } state || state == AttemptState.Completed) continue;
            var word = Figures.Word(state);
            var tries = Figures.Counted(workflow.Attempts, "attempt");
            var what = $"{ProgressSheet.Place(slot)} {workflow.Name} {word} after {tries}";
            Screen.Line(
                Figures.Clean($"{what}, last on {workflow.Worker}: {workflow.Reason}"), word, context);
            var lines = (workflow.Output ?? "").TrimEnd().Split('\n').TakeLast(OutputLinesMax);
            foreach (var line in lines.Where(line => line.Length > 0))
                context.Out.WriteLine($"  | {Figures.Clean(line)}");
        }
    }

    private static void DrawCoverage(CoverageJson coverage, CliContext context)
    {
        var parts = new List<string>
        {
            $"{Figures.Count(coverage.Completed)} of {Figures.Count(coverage.Slots)} datacenters completed",
        };
        if (coverage.Failed > 0) parts.Add($"{Figures.Count(coverage.Failed)} failed");
        if (coverage.Cancelled > 0) parts.Add($"{Figures.Count(coverage.Cancelled)} cancelled");
        if (coverage.Missing.Count > 0) parts.Add($"missing {string.Join(", ", coverage.Missing)}");
        if (coverage is { PlannedRequests: { } planned, DoneRequests: { } done } && planned > 0)
            parts.Add(
                $"{Figures.Percent(done, planned)} of {Figures.Count(planned)} planned requests were made");
        context.Out.WriteLine($"coverage: {string.Join(", ", parts)}");
    }
}
