using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Cli.Commands;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;
using Hyperscale.Det.Tests.Shell.Json;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>What files, pipes and logs get to see: stable lines without control codes.</summary>
public sealed class PlainViewTests : IDisposable
{
    private readonly StringWriter _out = new() { NewLine = "\n" };

    public void Dispose() => _out.Dispose();

    [Fact]
    public void Every_change_of_a_state_is_one_line()
    {
        var progress = new PlainProgress(JobPictures.Plan, JobPictures.Plain(_out));
        progress.Show(JobPictures.Accepted());
        progress.Show(JobPictures.Accepted());
        progress.Show(JobPictures.Running(100));
        progress.Show(JobPictures.Running(200));
        progress.Show(JobPictures.Completed());

        Shows("""
            012-0000000042 accepted
            012-0000000042 running
            012-0000000042 dc-a running
            012-0000000042 dc-a browse running on dc-a/worker-1
            012-0000000042 dc-b queued: no free core
            012-0000000042 dc-a completed
            012-0000000042 dc-a browse completed
            012-0000000042 dc-a pay completed
            012-0000000042 dc-b completed
            012-0000000042 dc-b browse completed
            012-0000000042 dc-b pay completed

            """);
    }

    [Fact]
    public void An_explanation_names_every_wait_and_every_grant()
    {
        var time = new ManualTime(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_001_900));
        var explanation = ExplanationJson.Of(JobSamples.Explanation());
        // As short as the lines of this file.
        explanation = explanation with
        {
            Waits =
            [
                .. explanation.Waits.Select(wait => wait.For == "running"
                    ? wait with { Reason = "it runs" }
                    : wait),
            ],
        };
        ExplanationView.Draw(explanation, JobPictures.Plain(_out, time));

        Shows("""
            012-0000000042 running
            running since 2023-11-14 22:13:21Z (0s)
            for both; deadline 2023-11-14 22:13:22Z
            retry budget: 1 of 5 granted, 4 left, 2 of them in reserve; at most 3 a workflow and slot
            slot  phase      retries  share  why
            dc-a  running          1      2  running
            dc-b  reserving        0      1  waiting for dc-b
            slot  workflow  waits for    since                      until                 reason
            dc-a  browse    backoff      2023-11-14 22:13:21Z (0s)  2023-11-14 22:13:22Z  backing off
            dc-a  pay       running      2023-11-14 22:13:21Z (0s)  -                     it runs
            dc-b  -         reservation  2023-11-14 22:13:21Z (0s)  -                     waiting for dc-b
            slot  workflow  attempts  retries  left  state     reason
            dc-a  browse           2        1     2  retrying  backing off
            retry granted to  workflow  attempt  cause
            dc-a              browse          2  exit code 3
            datacenters:
              Routed: initial_selection
              primary dc-a
            slot 1 was not taken by dc-c: no worker

            """);
    }

    [Fact]
    public void An_explanation_has_the_evidence_of_every_kill_also_of_attempts_that_were_followed_by_another()
    {
        ExplanationView.Draw(ExplanationJson.Of(JobSamples.Killed()), JobPictures.Plain(_out));
        var kills = _out.ToString().Split('\n')
            .SkipWhile(line => !line.StartsWith("attempt 1", StringComparison.Ordinal)).Take(10);

        Assert.Equal(
            [
                "attempt 1 of browse in dc-a was killed by its guard, by proc: memory of 50.0 MiB against a "
                    + "budget of 40.0 MiB; 3 processes killed",
                "  warn at 29360128, throttle at 35651584, kill at 41943040 bytes: "
                    + "warn 1.0 s before, throttle 1.0 s before, kill 0.0 s before",
                "seconds before    memory  filtered  deviation",
                "           1.0  51380224  49283072    1048576",
                "           0.0  52428800  50331648    1048576",
                "browse in dc-a was killed by its guard, by cgroup-v2: cpu of 200% against a budget of 40%; "
                    + "3 processes killed, SIGTERM was ignored",
                "  warn at 28, throttle at 34, kill at 40 percent of a core: "
                    + "warn 1.0 s before, throttle 1.0 s before, kill 0.0 s before",
                "seconds before  cpu  filtered  deviation",
                "           1.0  199       197          1",
                "           0.0  200       198          1",
            ],
            kills);
    }

    [Fact]
    public void A_status_ends_with_how_latencies_keep_to_their_targets()
    {
        var status = JobPictures.Running(100) with { Slo = ["dc-a: p50 9.0 ms", "dc-a, all jobs: Healthy"] };
        StatusCommand.Show(status, JobPictures.Plain(_out));

        Assert.EndsWith(
            "latencies:\n  dc-a: p50 9.0 ms\n  dc-a, all jobs: Healthy\n", _out.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_so_far_are_shown_every_five_seconds()
    {
        var time = new ManualTime(JobPictures.Submitted);
        var progress = new PlainProgress(JobPictures.Plan, JobPictures.Plain(_out, time));
        progress.Show(JobPictures.Running(100));
        for (var second = 1; second <= 11; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            progress.Show(JobPictures.Running(100 + (50 * second), errors: second));
        }

        Assert.Equal(
            [
                "012-0000000042 progress 5s of 15s: 350 requests, 50.0/s, 5 errors, highest p95 10.00 ms",
                "012-0000000042 progress 10s of 15s: 600 requests, 50.0/s, 10 errors, highest p95 10.00 ms",
            ],
            _out.ToString().Split('\n').Where(line => line.Contains("progress", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_result_has_each_workflow_and_datacenter_and_the_merged_numbers()
    {
        var status = JobPictures.Completed();
        ResultView.Draw(status, status.Report!, JobPictures.Plan, JobPictures.Plain(_out));

        Shows("""
            workflow  datacenter  requests  errors  rate/s  p50 ms  p95 ms  p99 ms  max ms
            browse    dc-a            1000      10   100.0   10.00   10.00   10.00  250.00
            browse    dc-b            1000      10   100.0   10.00   10.00   10.00  250.00
            browse    merged          2000      20   200.0   10.00   10.00   10.00  250.00
            pay       dc-a             500       5   100.0   10.00   10.00   10.00  250.00
            pay       dc-b             500       5   100.0   10.00   10.00   10.00  250.00
            pay       merged          1000      10   200.0   10.00   10.00   10.00  250.00
            total     dc-a            1500      15   100.0   10.00   10.00   10.00  250.00
            total     dc-b            1500      15   100.0   10.00   10.00   10.00  250.00
            total     merged          3000      30   200.0   10.00   10.00   10.00  250.00
            threshold ok: p95Ms < 200 (measured 10)
            threshold crossed: errorRate < 0.01 (measured 0.015)
            errors: 30 (status 503 30)
            coverage: 2 of 2 datacenters completed
            job 012-0000000042 'checkout' completed: all datacenters completed

            """);
    }

    [Fact]
    public void A_failure_is_told_with_the_end_of_its_output_and_without_its_control_codes()
    {
        var status = JobPictures.Failed();
        ResultView.Draw(status, status.Report!, JobPictures.Plan, JobPictures.Plain(_out));

        Assert.EndsWith("""
            dc-b failed: workflow pay failed
            dc-b pay failed after 2 attempts, last on dc-b/worker-2: exit code 3
              | first line
              | no such  [31maccount
            coverage: 1 of 2 datacenters completed, 1 failed, missing dc-b
            job 012-0000000042 'checkout' failed: 1 of 2 datacenters failed

            """, _out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_status_shows_how_every_workflow_stands()
    {
        var time = new ManualTime(JobPictures.Submitted.AddSeconds(4));
        StatusCommand.Show(JobPictures.Running(100, 2), JobPictures.Plain(_out, time));

        Shows("""
            job 012-0000000042 'checkout' running
            elapsed: 4s
            workflow  datacenter  phase    worker         requests  rate/s  errors  p95 ms
            browse    dc-a        running  dc-a/worker-1       100       -       2   10.00
            browse    dc-b        queued   -                     0       -       0       -
            pay       dc-a        waiting  -                     0       -       0       -
            pay       dc-b        queued   -                     0       -       0       -

            """);
    }

    [Fact]
    public void A_list_of_jobs_names_the_gates_that_did_not_answer()
    {
        var faults = new StringWriter { NewLine = "\n" };
        var running = JobPictures.Running(1);
        var summary = new SummaryJson(
            running.Id, running.Name, JobState.Running, "", running.Submitted);
        var failed = summary with { State = JobState.Failed, Reason = "no core\nleft" };
        JobsCommand.Show(
            new JobListJson([summary, failed], ["gate-2"]),
            JobPictures.Plain(_out) with { Error = faults });

        Shows("""
            id              state    submitted             name      reason
            012-0000000042  running  2026-01-31 12:00:00Z  checkout  -
            012-0000000042  failed   2026-01-31 12:00:00Z  checkout  no core left

            """);
        Assert.Equal("hyperscale: the jobs of gate-2 are not in the list: no answer\n", faults.ToString());
    }

    private void Shows(string expected) => Assert.Equal(expected, _out.ToString());
}
