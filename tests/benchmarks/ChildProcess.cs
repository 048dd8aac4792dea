using System.Diagnostics;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Benchmarks;

/// <summary>A process of a benchmark; none of them outlives it, whatever ends it.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const int TailLines = 20;
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly Queue<string> _tail = new();
    private readonly TaskCompletionSource<string> _found =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly string? _awaited;

    private ChildProcess(Process process, string? awaited)
    {
        _process = process;
        _awaited = awaited;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    /// <summary>User and system time that it has used.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <param name="awaited">A text in the line that says that it is ready; null for one that ends by itself.
    /// </param>
    public static ChildProcess Start(
        string program, IEnumerable<string> arguments, string? awaited, params (string, string)[] variables)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in variables) start.Environment[name] = value;
        return new ChildProcess(Process.Start(start)!, awaited);
    }

    /// <summary>Waits until it says that it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended, or said nothing in time.</exception>
    public void AwaitReady(TimeSpan within)
    {
        var clock = Stopwatch.StartNew();
        while (!_found.Task.Wait(TimeSpan.FromMilliseconds(50)))
        {
            if (!_process.HasExited && clock.Elapsed < within) continue;
            throw new InvalidOperationException(
                $"{_process.StartInfo.FileName} is not ready; its last lines:\n{Tail()}");
        }
    }

    /// <summary>Waits until it has ended well.</summary>
    /// <exception cref="InvalidOperationException">It failed, or went on for too long.</exception>
    public void AwaitEnd(TimeSpan within)
    {
        if (_process.WaitForExit(within) && _process.ExitCode == 0) return;
        throw new InvalidOperationException($"{_process.StartInfo.FileName} failed:\n{Tail()}");
    }

    /// <summary>Ends it as a power failure would.</summary>
    public void Kill()
    {
        NativeProcess.Signal(_process.Id, NativeProcess.SignalKill);
        _process.WaitForExit(EndsWithin);
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null) return;
        lock (_tail)
        {
            _tail.Enqueue(line);
            if (_tail.Count > TailLines) _tail.Dequeue();
        }

        if (_awaited is not null && line.Contains(_awaited, StringComparison.Ordinal))
            _found.TrySetResult(line);
    }

    private string Tail()
    {
        lock (_tail) return string.Join('\n', _tail);
    }
}
