using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>What people at a terminal get to see.</summary>
public sealed class TerminalViewTests : IDisposable
{
    private const char Escape = '\u001b';

    private readonly StringWriter _out = new() { NewLine = "\n" };

    public void Dispose() => _out.Dispose();

    [Fact]
    public void A_running_job_is_a_table_with_a_bar()
    {
        var context = JobPictures.Terminal(_out);
        var picture = new LiveProgress(JobPictures.Plan, context).Picture(JobPictures.Running(100, 2));
        Screen.Console(context).Write(picture);

        Assert.Equal("""
            012-0000000042 checkout running  ━━━━━━━━━━━━·················· 6s of 15s
            ╭──────────┬────────────┬─────────┬───────────────┬──────────┬────────┬────────┬────────╮
            │ workflow │ datacenter │ phase   │ worker        │ requests │ rate/s │ errors │ p95 ms │
            ├──────────┼────────────┼─────────┼───────────────┼──────────┼────────┼────────┼────────┤
            │ browse   │ dc-a       │ running │ dc-a/worker-1 │      100 │      - │      2 │  10.00 │
            │ browse   │ dc-b       │ queued  │ -             │        0 │      - │      0 │      - │
            │ pay      │ dc-a       │ waiting │ -             │        0 │      - │      0 │      - │
            │ pay      │ dc-b       │ queued  │ -             │        0 │      - │      0 │      - │
            ╰──────────┴────────────┴─────────┴───────────────┴──────────┴────────┴────────┴────────╯
            dc-b: no free core

            """, Lines());
    }

    [Fact]
    public void A_note_stands_below_the_table()
    {
        var context = JobPictures.Terminal(_out);
        var view = new LiveProgress(JobPictures.Plan, context);
        view.Note("cancelling the job");
        Screen.Console(context).Write(view.Picture(JobPictures.Running(100)));

        Assert.EndsWith("dc-b: no free core\ncancelling the job\n", Lines(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_is_a_table()
    {
        var status = JobPictures.Completed();
        ResultView.Draw(status, status.Report!, JobPictures.Plan, JobPictures.Terminal(_out));

        Assert.StartsWith("""
            ╭──────────┬────────────┬──────────┬────────┬────────┬────────┬────────┬────────┬────────╮
            │ workflow │ datacenter │ requests │ errors │ rate/s │ p50 ms │ p95 ms │ p99 ms │ max ms │
            ├──────────┼────────────┼──────────┼────────┼────────┼────────┼────────┼────────┼────────┤
            │ browse   │ dc-a       │     1000 │     10 │  100.0 │  10.00 │  10.00 │  10.00 │ 250.00 │
            """, Lines(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_colours_no_colour_is_written()
    {
        var status = JobPictures.Completed();
        ResultView.Draw(status, status.Report!, JobPictures.Plan, JobPictures.Terminal(_out));
        Assert.DoesNotContain($"{Escape}[38", _out.ToString(), StringComparison.Ordinal);

        ResultView.Draw(
            status, status.Report!, JobPictures.Plan, JobPictures.Terminal(_out, hasColors: true));
        Assert.Contains($"{Escape}[38;5;9mcrossed", _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_live_table_ends_with_the_last_status_and_shows_the_cursor_again()
    {
        var view = new LiveProgress(JobPictures.Plan, JobPictures.Terminal(_out));
        var last = await view.FollowAsync(Statuses());

        Assert.True(last.IsTerminal);
        var written = _out.ToString();
        Assert.Contains("dc-a/worker-1", written, StringComparison.Ordinal);
        Assert.True(
            written.LastIndexOf($"{Escape}[?25h", StringComparison.Ordinal)
            > written.LastIndexOf($"{Escape}[?25l", StringComparison.Ordinal));
    }

    private static async IAsyncEnumerable<StatusJson> Statuses()
    {
        yield return JobPictures.Accepted();
        await Task.Yield();
        yield return JobPictures.Running(10);
        yield return JobPictures.Completed();
    }

    /// <summary>What was written, without its decorations and the blanks at the ends of lines.</summary>
    private string Lines()
    {
        var text = System.Text.RegularExpressions.Regex.Replace(_out.ToString(), $"{Escape}\\[[0-9;]*m", "");
        return string.Join('\n', text.Split('\n').Select(line => line.TrimEnd()));
    }
}
