using Microsoft.Extensions.Logging.Console;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>Where nodes log to: standard error, one line each.</summary>
internal static class NodeLogging
{
    /// <param name="least">The least important level that is written.</param>
    public static ILoggerFactory Create(LogLevel least) => LoggerFactory.Create(logging => logging
        .SetMinimumLevel(least)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        })
        .Services.Configure<ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace));
}
