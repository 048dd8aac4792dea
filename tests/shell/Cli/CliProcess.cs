using System.Diagnostics;
using System.Runtime.InteropServices;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>The real program as a child process; disposing it leaves nothing of it.</summary>
internal sealed class CliProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly LineWatch _out;
    private readonly LineWatch _errors;

    private CliProcess(Process process)
    {
        _process = process;
        _out = new LineWatch(process.StandardOutput);
        _errors = new LineWatch(process.StandardError);
    }

    /// <summary>What it wrote to standard output so far.</summary>
    public IReadOnlyCollection<string> Lines => _out.Lines;

    /// <summary>The same of standard error.</summary>
    public IReadOnlyCollection<string> ErrorLines => _errors.Lines;

    public static CliProcess Start(params string[] arguments) => StartWith(null, arguments);

    /// <summary>Starts it with one variable more in its environment.</summary>
    public static CliProcess StartWith((string Name, string Value)? variable, params string[] arguments)
    {
        var start = new ProcessStartInfo(WorkloadProgram.Own.Path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // What a user keeps between two calls is not this user's.
        start.Environment["XDG_STATE_HOME"] = Path.Combine(Path.GetTempPath(), "hyperscale-test-state");
        if (variable is var (name, value)) start.Environment[name] = value;
        return new CliProcess(Process.Start(start)!);
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<CliResult> RunAsync(params string[] arguments)
    {
        await using var process = Start(arguments);
        return await process.EndAsync();
    }

    public async Task<CliResult> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return new CliResult(
            _process.ExitCode,
            await _out.AllAsync().WaitAsync(Patience),
            await _errors.AllAsync().WaitAsync(Patience));
    }

    /// <summary>The first line on standard output, past or to come, that contains the text.</summary>
    public Task<string> LineAsync(string text) => FindAsync(_out, text);

    /// <summary>The same of standard error.</summary>
    public Task<string> ErrorAsync(string text) => FindAsync(_errors, text);

    public void Signal(PosixSignal signal) =>
        NativeProcess.Signal(_process.Id, signal is PosixSignal.SIGINT ? 2 : 15);

    /// <summary>Ends it as a power failure would.</summary>
    public async Task KillAsync()
    {
        NativeProcess.Signal(_process.Id, 9);
        await _process.WaitForExitAsync().WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        await _out.AllAsync();
        await _errors.AllAsync();
        _process.Dispose();
    }

    private async Task<string> FindAsync(LineWatch lines, string text) =>
        await lines.FindAsync(text).WaitAsync(Patience)
        ?? throw new InvalidOperationException(
            $"no line with '{text}' in:\n{await _out.AllAsync()}\n{await _errors.AllAsync()}");
}

internal sealed record CliResult(int Code, string Out, string Error);
