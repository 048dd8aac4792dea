using System.Runtime.Versioning;
using System.Text;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Workloads;

/// <summary>A workload's process that does not do what ours do.</summary>
[SupportedOSPlatform("linux")]
public sealed class WorkloadFaultTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("workload").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("echo nonsense >&3; sleep 60", "unreadable")]
    [InlineData("echo '{}' >&3; sleep 60", "unreadable")]
    [InlineData("echo null >&3; sleep 60", "unreadable")]
    [InlineData("head -c 2000000 /dev/zero >&3; sleep 60", "a line of over")]
    [InlineData("printf '{\"Numb' >&3", "unreadable")]
    [InlineData("echo out of memory; exit 9", "without a result (exit code 9): out of memory")]
    [InlineData("kill -SEGV $$", "without a result (exit code 139)")]
    [InlineData("exec 3>&-; exec sleep 0.1", "without a result (exit code 0)")]
    public async Task A_garbled_process_is_a_fault(string script, string fault)
    {
        await using var attempts = new Attempts(Program(script));
        var exited = await attempts.RunAsync(Attempts.Http("http://127.0.0.1:1/", 100, vus: 1));
        Assert.Contains(fault, exited.Fault, StringComparison.Ordinal);
        Assert.Null(exited.ExitCode);
        Assert.Equal(RunStats.None, exited.Stats);
    }

    [Fact]
    public async Task Numbers_told_before_a_crash_are_kept()
    {
        var kinds = new Dictionary<string, long> { ["timeout"] = 1 };
        var numbers = new WorkloadNumbers(
            5, 1, 0, 10, new(100, 100, [100, 4]), new(100, 100, [100, 1]), kinds);
        var line = Encoding.UTF8.GetString(new WorkloadReport(numbers, null, null).ToLine());
        await using var attempts = new Attempts(Program($"echo '{line.Trim()}' >&3; exit 1"));
        var exited = await attempts.RunAsync(Attempts.Http("http://127.0.0.1:1/", 100, vus: 1));
        Assert.Equal(5, exited.Stats.Requests);
        Assert.Equal(4, exited.Stats.Latency.Count);
        Assert.Equal([new ErrorCount("timeout", 1)], exited.Stats.ErrorKinds);
        Assert.NotNull(exited.Fault);
        Assert.IsType<NodeInput.WorkloadReported>(attempts.Told.First());
    }

    [Theory]
    [InlineData(-1, 0, 100, 1)]
    [InlineData(1, 2, 100, 1)]
    [InlineData(1, 0, 100, 2)]
    [InlineData(1, 0, 99, 1)]
    [InlineData(1, 0, 101, 1)]
    [InlineData(1, 0, 100, -1)]
    public void Numbers_that_contradict_each_other_are_refused(
        long requests, long errors, long max, long count)
    {
        var numbers = new WorkloadNumbers(
            requests, errors, 0, 0, new(100, max, [100, count]), new(0, 0, []),
            new Dictionary<string, long>());
        Assert.False(numbers.TryRead(out _, out var error));
        Assert.NotEqual("", error);
    }

    private WorkloadProgram Program(string script)
    {
        var path = Path.Combine(_folder, "program");
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return new WorkloadProgram(path);
    }
}
