using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>The real program as a child process; disposing it leaves nothing of it.</summary>
internal sealed class CliProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly Task _reading;
    private readonly List<(Func<string, bool> IsIt, TaskCompletionSource<string> Found)> _awaited = [];

    private CliProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    public int Id => _process.Id;

    public IReadOnlyCollection<string> Lines => _lines;

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
        await _reading.WaitAsync(Patience);
        return new CliResult(
            _process.ExitCode,
            string.Concat(_lines.Select(line => line + "\n")),
            await _errors.WaitAsync(Patience));
    }

    /// <summary>The first line on standard output, past or to come, that contains the text.</summary>
    public async Task<string> LineAsync(string text)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool IsIt(string line) => line.Contains(text, StringComparison.Ordinal);
        lock (_awaited)
        {
            _awaited.Add((IsIt, found));
            if (_lines.FirstOrDefault(IsIt) is { } past) found.TrySetResult(past);
        }

        var first = await Task.WhenAny(found.Task, _reading).WaitAsync(Patience);
        if (first == found.Task) return await found.Task;
        throw new InvalidOperationException(
            $"no line with '{text}' in:\n{string.Join('\n', _lines)}\n{await _errors}");
    }

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
        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (_awaited)
            {
                _lines.Enqueue(line);
                foreach (var (isIt, found) in _awaited) if (isIt(line)) found.TrySetResult(line);
            }
        }
    }
}

internal sealed record CliResult(int Code, string Out, string Error);
