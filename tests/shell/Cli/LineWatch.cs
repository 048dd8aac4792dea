using System.Collections.Concurrent;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>The lines that a stream brings, kept and waited for.</summary>
internal sealed class LineWatch
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly List<(string Text, TaskCompletionSource<string> Found)> _awaited = [];
    private readonly Task _reading;

    public LineWatch(TextReader stream) => _reading = ReadAsync(stream);

    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>The first line, past or to come, that contains the text; null when the stream ends without
    /// one.</summary>
    public async Task<string?> FindAsync(string text)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_awaited)
        {
            _awaited.Add((text, found));
            if (_lines.FirstOrDefault(line => Has(line, text)) is { } past) found.TrySetResult(past);
        }

        await Task.WhenAny(found.Task, _reading);
        return found.Task.IsCompletedSuccessfully ? await found.Task : null;
    }

    /// <summary>Everything, once the stream has ended.</summary>
    public async Task<string> AllAsync()
    {
        await _reading;
        return string.Concat(_lines.Select(line => line + "\n"));
    }

    private async Task ReadAsync(TextReader stream)
    {
        while (await stream.ReadLineAsync() is { } line)
        {
            lock (_awaited)
            {
                _lines.Enqueue(line);
                foreach (var (text, found) in _awaited)
                    if (Has(line, text)) found.TrySetResult(line);
            }
        }
    }

    private static bool Has(string line, string text) => line.Contains(text, StringComparison.Ordinal);
}
