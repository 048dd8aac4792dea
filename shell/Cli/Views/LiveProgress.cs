using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Json;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>A table that redraws itself while a job runs and vanishes when it ends.</summary>
internal sealed class LiveProgress(JobPlan plan, CliContext context) : IProgressView
{
    private const int BarWidth = 30;
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(250);

    private readonly RateMeter _rates = new(context.Time);
    private volatile string _note = "";

    public async Task<StatusJson> FollowAsync(IAsyncEnumerable<StatusJson> statuses)
    {
        StatusJson last = null!;
        var live = Screen.Console(context).Live(new Text("")).AutoClear(true);
        await live.StartAsync(async frame =>
        {
            await using var source = statuses.GetAsyncEnumerator();
            var next = source.MoveNextAsync().AsTask();
            while (true)
            {
                // Between two statuses only the clock moves.
                await Task.WhenAny(next, Task.Delay(Frame, context.Time));
                if (next.IsCompleted)
                {
                    if (!await next) break;
                    last = source.Current;
                    _rates.Add(last);
                    next = source.MoveNextAsync().AsTask();
                }

                if (last is not null) frame.UpdateTarget(Picture(last));
            }
        });
        return last;
    }

    // A line of its own would tear the table.
    public void Note(string message) => _note = message;

    /// <summary>What is drawn for one status.</summary>
    public IRenderable Picture(StatusJson status)
    {
        var state = Figures.Word(status.State);
        var head = new Paragraph($"{status.Id} {Figures.Clean(status.Name)} ")
            .Append(state, Tint.Of(state))
            .Append($"  {Bar(status)} {PlainProgress.Elapsed(status, plan, context.Time)}");
        var parts = new List<IRenderable> { head, ProgressSheet.Of(status, _rates).ToTable() };
        var reasons = status.Slots
            .Where(slot => slot.Phase != SlotPhase.Running && slot.State is not SlotState.Completed)
            .Where(slot => slot.Reason.Length > 0)
            .Select(slot => $"{ProgressSheet.Place(slot)}: {slot.Reason}");
        if (status.Reason.Length > 0 && status.Reason != state) reasons = reasons.Prepend(status.Reason);
        parts.AddRange(reasons.Select(reason => new Text(Figures.Clean(reason))));
        if (_note.Length > 0) parts.Add(new Text(_note));
        return new Rows(parts);
    }

    private string Bar(StatusJson status)
    {
        var since = context.Time.GetUtcNow().ToUnixTimeMilliseconds() - status.Submitted.UnixMilliseconds;
        var whole = Math.Max(1, plan.Whole.Milliseconds);
        var filled = (int)(Math.Clamp(since, 0, whole) * BarWidth / whole);
        return new string('━', filled) + new string('·', BarWidth - filled);
    }
}
