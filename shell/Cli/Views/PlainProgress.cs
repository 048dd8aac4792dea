using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>One line for each change of a state, and every few seconds one with the numbers so far.</summary>
/// <remarks>Every line begins with the job's id; a datacenter's lines go on with its name, a workflow's with
/// both names.</remarks>
internal sealed class PlainProgress(JobPlan plan, CliContext context) : IProgressView
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly RateMeter _rates = new(context.Time);
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
    private long _lastNumbers = context.Time.GetTimestamp();

    public async Task<StatusJson> FollowAsync(IAsyncEnumerable<StatusJson> statuses)
    {
        StatusJson last = null!;
        await foreach (var status in statuses)
        {
            Show(status);
            last = status;
        }

        return last;
    }

    public void Note(string message) => context.WriteError(message);

    public void Show(StatusJson status)
    {
        _rates.Add(status);
        // The end of the job is the last line of its result.
        if (!status.IsTerminal)
            Tell($"{status.Id}", Figures.WithReason(Figures.Word(status.State), status.Reason));
        foreach (var slot in status.Slots) ShowSlot(status, slot);
        if (status.IsTerminal) return;
        if (context.Time.GetElapsedTime(_lastNumbers) < Interval) return;
        _lastNumbers = context.Time.GetTimestamp();
        context.Out.WriteLine($"{status.Id} progress {Numbers(status)}");
    }

    private void ShowSlot(StatusJson status, SlotJson slot)
    {
        var place = $"{status.Id} {ProgressSheet.Place(slot)}";
        var state = slot.State is { } ended ? Figures.Word(ended) : Figures.Word(slot.Phase);
        if (slot.Phase != SlotPhase.Unassigned || slot.Reason.Length > 0)
            Tell(place, Figures.WithReason(state, slot.Reason));
        foreach (var workflow in slot.Workflows.Where(w => w.Phase != WorkflowPhase.Waiting))
        {
            var worker = workflow.Phase == WorkflowPhase.Running ? $" on {workflow.Worker}" : "";
            Tell($"{place} {workflow.Name}", $"{ProgressSheet.Phase(slot, workflow)}{worker}");
        }
    }

    private string Numbers(StatusJson status)
    {
        var all = status.Slots.SelectMany(slot => slot.Workflows.Select((workflow, i) => (
            workflow.Numbers, workflow.Phase, Rate: _rates.Of(slot.Slot, i) ?? 0))).ToList();
        var running = all.Where(w => w.Phase == WorkflowPhase.Running).ToList();
        var requests = Figures.Count(all.Sum(w => w.Numbers.Requests));
        var errors = Figures.Count(all.Sum(w => w.Numbers.Errors));
        var p95 = Figures.Milliseconds(running.Max(w => w.Numbers.P95Ms));
        return $"{Elapsed(status, plan, context.Time)}: {requests} requests, "
            + $"{Figures.Rate(running.Sum(w => w.Rate))}/s, {errors} errors, highest p95 {p95} ms";
    }

    /// <summary>How far a job is by the clock of this machine.</summary>
    public static string Elapsed(StatusJson status, JobPlan plan, TimeProvider time)
    {
        var since = new WallTime(time.GetUtcNow().ToUnixTimeMilliseconds()) - status.Submitted;
        var elapsed = Figures.Seconds(Duration.Longer(since, Duration.Zero));
        return plan.Whole > Duration.Zero ? $"{elapsed} of {Figures.Seconds(plan.Whole)}" : elapsed;
    }

    private void Tell(string subject, string state)
    {
        if (_told.TryGetValue(subject, out var told) && told == state) return;
        _told[subject] = state;
        context.Out.WriteLine($"{subject} {Figures.Clean(state)}");
    }
}
