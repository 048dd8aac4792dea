using Hyperscale.Det.Shell.Cli.Views;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>Where a command writes and what it may expect of the other side.</summary>
/// <param name="IsTerminal">Somebody watches: tables that redraw themselves are welcome.</param>
/// <param name="HasColors">False where NO_COLOR is set.</param>
/// <param name="Width">Columns of the terminal.</param>
public sealed record CliContext(
    TextWriter Out, TextWriter Error, bool IsTerminal, bool HasColors, int Width, TimeProvider Time)
{
    private const int WidthOfFiles = 120;

    /// <summary>The context of this process.</summary>
    public static CliContext OfProcess()
    {
        var term = Environment.GetEnvironmentVariable("TERM");
        var isTerminal = !Console.IsOutputRedirected && term is not "dumb";
        var hasColors = isTerminal
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new CliContext(
            Console.Out, Console.Error, isTerminal, hasColors,
            isTerminal ? WidthOfTerminal() : WidthOfFiles, TimeProvider.System);
    }

    /// <summary>Writes one line of the kind <c>hyperscale: what is wrong</c>; control codes become
    /// blanks.</summary>
    public void WriteError(string message) => Error.WriteLine($"hyperscale: {Figures.Clean(message)}");

    // A terminal that does not know its size says 0.
    private static int WidthOfTerminal() => Console.WindowWidth is var width and > 0 ? width : WidthOfFiles;
}
