using System.Globalization;
using Hyperscale.Det.Shell.Cli.Views;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>Where nodes log to: standard error, one line each.</summary>
internal static class NodeLogging
{
    /// <param name="isVerbose">Whether to write everything, and where exceptions came from.</param>
    /// <param name="least">The least important level that is written otherwise.</param>
    public static ILoggerFactory Create(bool isVerbose, LogLevel least) => LoggerFactory.Create(logging =>
        logging
            .SetMinimumLevel(isVerbose ? LogLevel.Debug : least)
            .AddConsole(console =>
            {
                console.FormatterName = NodeLogLines.FormatterName;
                console.LogToStandardErrorThreshold = LogLevel.Trace;
            })
            .AddConsoleFormatter<NodeLogLines, NodeLogLineOptions>(lines => lines.HasStacks = isVerbose));
}

internal sealed class NodeLogLineOptions : ConsoleFormatterOptions
{
    public bool HasStacks { get; set; }
}

/// <summary>Time in UTC, level, message, and what an exception says.</summary>
internal sealed class NodeLogLines(IOptionsMonitor<NodeLogLineOptions> options)
    : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "node-lines";

    public override void Write<TState>(
        in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var time = DateTimeOffset.UtcNow.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        if (logEntry.Exception is { } cause) message = $"{message}: {cause.Message}";
        textWriter.WriteLine($"{time} {Word(logEntry.LogLevel)} {Figures.Clean(message)}");
        if (logEntry.Exception is { } shown && options.CurrentValue.HasStacks) textWriter.WriteLine(shown);
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error or LogLevel.Critical or LogLevel.None => "error",
        _ => throw new System.Diagnostics.UnreachableException($"unhandled {level}"),
    };
}
