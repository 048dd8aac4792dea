using System.Collections.Concurrent;
using System.Text;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Resources;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Workloads;

/// <summary>Runs workloads as a worker would and keeps what is told about them.</summary>
internal sealed class Attempts : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ConcurrentQueue<NodeInput> _told = new();
    private readonly ConcurrentDictionary<AttemptKey, TaskCompletionSource<NodeInput.WorkloadExited>> _ends =
        new();
    private readonly ProcessWorkloadRunner _runner;
    private int _started;

    public Attempts(WorkloadProgram? program = null, IResourceEnforcer? enforcer = null) =>
        _runner = new ProcessWorkloadRunner(
            OnInput, program ?? WorkloadProgram.Own, enforcer ?? Enforcers.Choose());

    public IReadOnlyCollection<NodeInput> Told => _told;

    public AttemptKey Start(WorkflowSpec workflow)
    {
        var attempt = new AttemptKey(new SlotKey(new JobId(1, 7), 2, 1), 0, ++_started);
        _ends[attempt] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _runner.Start(attempt, workflow);
        return attempt;
    }

    public void Stop(AttemptKey attempt, WorkloadSignal signal) => _runner.Stop(attempt, signal);

    public void Throttle(AttemptKey attempt, ThrottleOrder? order) => _runner.Throttle(attempt, order);

    public void HoldRamp(AttemptKey attempt, bool isHeld) => _runner.HoldRamp(attempt, isHeld);

    public IReadOnlyList<WorkloadReading> Sample() => _runner.Sample(
        () => new Instant(Environment.TickCount64 * 1_000_000));

    public Task<NodeInput.WorkloadExited> EndOf(AttemptKey attempt) =>
        _ends[attempt].Task.WaitAsync(Patience);

    public Task<NodeInput.WorkloadExited> RunAsync(WorkflowSpec workflow) => EndOf(Start(workflow));

    public ValueTask DisposeAsync() => _runner.DisposeAsync();

    public static WorkflowSpec Exec(params string[] command) => new(
        "custom", WorkflowKind.Exec, 1, Duration.FromSeconds(10), Duration.FromSeconds(5), null, null, [],
        null, new ExecSpec(command), null);

    public static WorkflowSpec Shell(string script) => Exec("sh", "-c", script);

    public static WorkflowSpec Http(
        string url,
        int durationMs,
        int? vus = null,
        int? rate = null,
        int timeoutMs = 5000,
        int[]? expect = null) =>
        new(
            "browse", WorkflowKind.Http, 1, Duration.FromMilliseconds(durationMs), Duration.FromSeconds(5),
            vus, rate, [],
            new HttpSpec("GET", url, [], null, expect ?? [], Duration.FromMilliseconds(timeoutMs)),
            null, null);

    public static string Text(NodeInput.WorkloadExited exited) => Encoding.UTF8.GetString(exited.Output.Span);

    /// <summary>How many living processes were started with this text as an argument.</summary>
    public static int Living(string argument) =>
        Commands().Count(process => process.Command.Split('\0').Contains(argument));

    /// <summary>Living processes that were started with this text somewhere in their arguments.</summary>
    public static List<int> Processes(string text) =>
        [.. Commands().Where(process => process.Command.Contains(text)).Select(process => process.Id)];

    private static IEnumerable<(int Id, string Command)> Commands()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var id) && CommandOf(directory) is { } command)
                yield return (id, command);
        }
    }

    private static string? CommandOf(string directory)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, "cmdline"));
        }
        // No process, or one that ended meanwhile.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Waits until a condition holds; fails when it never does.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var i = 0; i < 1000; i++)
        {
            if (condition()) return;
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"never: {what}");
    }

    private void OnInput(NodeInput input)
    {
        _told.Enqueue(input);
        if (input is NodeInput.WorkloadExited exited) _ends[exited.Attempt].TrySetResult(exited);
    }
}
