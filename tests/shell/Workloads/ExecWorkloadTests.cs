using System.Diagnostics;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Workloads;

public sealed class ExecWorkloadTests
{
    // A sleep of its own length for each test tells its processes from all others.
    private static int _sleeps = 500_000 + (Environment.ProcessId % 100_000);

    private static string NewSleep() => $"{Interlocked.Add(ref _sleeps, 100_000)}";

    [Fact]
    public async Task A_command_ends_with_its_exit_code_and_both_of_its_outputs()
    {
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(Attempts.Shell("echo one; echo two >&2; echo three; exit 7"));
        Assert.Null(exited.Fault);
        Assert.Equal(7, exited.ExitCode);
        Assert.Equal("one\ntwo\nthree\n", Attempts.Text(exited));
        Assert.Single(attempts.Told.OfType<NodeInput.WorkloadExited>());
    }

    [Fact]
    public async Task A_command_ended_by_a_signal_exits_with_128_and_the_signal()
    {
        await using var attempts = new Attempts();
        Assert.Equal(128 + 6, (await attempts.RunAsync(Attempts.Shell("kill -ABRT $$"))).ExitCode);
    }

    [Fact]
    public async Task The_last_64_KiB_of_the_output_are_kept()
    {
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(
            Attempts.Shell("head -c 300000 /dev/zero | tr '\\0' a; echo last"));
        Assert.Equal(JobLimits.OutputBytesMax, exited.Output.Length);
        Assert.EndsWith("aaalast\n", Attempts.Text(exited), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_learns_which_attempt_it_is_and_reads_nothing()
    {
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(Attempts.Shell(
            "echo $HYPERSCALE_JOB $HYPERSCALE_SLOT $HYPERSCALE_WORKFLOW $HYPERSCALE_ATTEMPT; "
            + "cat; echo $DOTNET_gcServer"));
        Assert.Equal("001-0000000007 2 custom 1\n\n", Attempts.Text(exited));
    }

    [Theory]
    [InlineData("/nowhere/at-all", "command not found: /nowhere/at-all")]
    [InlineData("no-such-command-here", "command not found: no-such-command-here")]
    [InlineData("/etc/passwd", "command not executable: /etc/passwd")]
    public async Task A_command_that_cannot_start_is_a_fault_that_names_it(string command, string fault)
    {
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(Attempts.Exec(command));
        Assert.Null(exited.ExitCode);
        Assert.Equal(fault, exited.Fault);
    }

    [Fact]
    public async Task A_program_of_ours_that_is_missing_is_a_fault()
    {
        await using var attempts = new Attempts(new WorkloadProgram("/nowhere/hyperscale"));
        var exited = await attempts.RunAsync(Attempts.Shell("true"));
        Assert.Equal("command not found: /nowhere/hyperscale", exited.Fault);
    }

    [Theory]
    [InlineData("echo up; sleep {0} & sleep {0}")]
    [InlineData("echo up; setsid sleep {0} & sleep {0}")]
    [InlineData("trap '' TERM; echo up; (trap '' TERM; sleep {0}) & sleep {0}; sleep {0}")]
    public async Task Killing_leaves_nothing_of_the_tree_alive(string script)
    {
        var sleep = NewSleep();
        await using var attempts = new Attempts();
        var attempt = attempts.Start(Attempts.Shell(script.Replace("{0}", sleep)));
        await Attempts.UntilAsync(() => Attempts.Living(sleep) >= 2, "two sleeps");
        var stopped = Stopwatch.GetTimestamp();
        attempts.Stop(attempt, WorkloadSignal.Kill);
        var exited = await attempts.EndOf(attempt);
        Assert.Equal(0, Attempts.Living(sleep));
        Assert.Equal(128 + 9, exited.ExitCode);
        Assert.Equal("up\n", Attempts.Text(exited));
        Assert.True(Stopwatch.GetElapsedTime(stopped) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Terminating_lets_a_command_end_in_its_own_way()
    {
        var sleep = NewSleep();
        await using var attempts = new Attempts();
        var attempt = attempts.Start(Attempts.Shell($"trap 'echo bye; exit 3' TERM; sleep {sleep} & wait"));
        await Attempts.UntilAsync(() => Attempts.Living(sleep) == 1, "a sleep");
        attempts.Stop(attempt, WorkloadSignal.Terminate);
        var exited = await attempts.EndOf(attempt);
        Assert.Equal(3, exited.ExitCode);
        Assert.Equal("bye\n", Attempts.Text(exited));
        Assert.Equal(0, Attempts.Living(sleep));
    }

    [Fact]
    public async Task A_command_that_ignores_termination_is_killed_by_the_next_signal()
    {
        var sleep = NewSleep();
        await using var attempts = new Attempts();
        var attempt = attempts.Start(Attempts.Shell($"trap '' TERM; sleep {sleep}"));
        await Attempts.UntilAsync(() => Attempts.Living(sleep) == 1, "a sleep");
        attempts.Stop(attempt, WorkloadSignal.Terminate);
        await Task.Delay(200, TestContext.Current.CancellationToken);
        Assert.Equal(1, Attempts.Living(sleep));
        attempts.Stop(attempt, WorkloadSignal.Kill);
        Assert.Equal(128 + 9, (await attempts.EndOf(attempt)).ExitCode);
        Assert.Equal(0, Attempts.Living(sleep));
    }

    [Fact]
    public async Task What_a_command_leaves_behind_is_killed_when_it_ends()
    {
        var sleep = NewSleep();
        await using var attempts = new Attempts();
        var exited = await attempts.RunAsync(
            Attempts.Shell($"setsid sleep {sleep} & sleep {sleep} & exit 4"));
        Assert.Equal(4, exited.ExitCode);
        Assert.Equal(0, Attempts.Living(sleep));
    }

    [Fact]
    public async Task A_stop_right_after_the_start_is_not_lost()
    {
        var sleep = NewSleep();
        await using var attempts = new Attempts();
        var attempt = attempts.Start(Attempts.Exec("sleep", sleep));
        attempts.Stop(attempt, WorkloadSignal.Kill);
        await attempts.EndOf(attempt);
        Assert.Equal(0, Attempts.Living(sleep));
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("TERM")]
    public async Task A_supervisor_that_is_signalled_takes_its_command_along(string signal)
    {
        var sleep = NewSleep();
        await using var attempts = new Attempts();
        // The parent of the command's shell is the supervisor.
        var exited = await attempts.RunAsync(
            Attempts.Shell($"sleep {sleep} & kill -{signal} $PPID; sleep {sleep}"));
        // Either the signal was faster or the report that the command was killed.
        if (exited.ExitCode is null)
            Assert.Contains("without a result", exited.Fault, StringComparison.Ordinal);
        else Assert.Equal(128 + 9, exited.ExitCode);
        Assert.Equal(0, Attempts.Living(sleep));
    }

    [Fact]
    public async Task A_supervisor_that_stands_still_is_killed_with_its_tree()
    {
        var sleep = NewSleep();
        await using var attempts = new Attempts();
        var attempt = attempts.Start(
            Attempts.Shell($"setsid sleep {sleep} & kill -STOP $PPID; sleep {sleep}"));
        await Attempts.UntilAsync(() => Attempts.Living(sleep) == 2, "two sleeps");
        attempts.Stop(attempt, WorkloadSignal.Kill);
        await attempts.EndOf(attempt);
        Assert.Equal(0, Attempts.Living(sleep));
    }

    [Fact]
    public async Task Disposing_kills_everything_and_tells_nothing_more()
    {
        var sleep = NewSleep();
        var attempts = new Attempts();
        attempts.Start(Attempts.Exec("sleep", sleep));
        attempts.Start(Attempts.Exec("sleep", sleep));
        await Attempts.UntilAsync(() => Attempts.Living(sleep) == 2, "two sleeps");
        await attempts.DisposeAsync();
        Assert.Equal(0, Attempts.Living(sleep));
        Assert.Empty(attempts.Told);
    }
}
