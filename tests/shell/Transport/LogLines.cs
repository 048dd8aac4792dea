using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Hyperscale.Det.Tests.Shell.Transport;

/// <summary>A log whose lines a test can wait for.</summary>
internal sealed class LogLines : ILogger
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    /// <summary>The next line that contains <paramref name="part"/>; those before it are skipped.</summary>
    public async Task<string> NextAsync(string part)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var line = await _lines.Reader.ReadAsync(late.Token);
            if (line.Contains(part, StringComparison.Ordinal)) return line;
        }
    }

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => _lines.Writer.TryWrite(formatter(state, exception));

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;
}
