using Spectre.Console;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>Draws for the reader a context describes.</summary>
internal static class Screen
{
    public static void Draw(Sheet sheet, CliContext context)
    {
        if (context.IsTerminal) Console(context).Write(sheet.ToTable());
        else context.Out.Write(sheet.ToPlainText());
    }

    /// <summary>One line whose words in <paramref name="tinted"/> are coloured on a terminal.</summary>
    public static void Line(string line, string tinted, CliContext context)
    {
        var at = line.IndexOf(tinted, StringComparison.Ordinal);
        if (!context.HasColors || at < 0)
        {
            context.Out.WriteLine(line);
            return;
        }

        var (before, after) = (line[..at], line[(at + tinted.Length)..]);
        var console = Console(context);
        console.Profile.Width = int.MaxValue;
        console.Write(new Paragraph(before).Append(tinted, Tint.Of(tinted)).Append(after + "\n"));
    }

    /// <summary>A console of the drawing library that knows no more of the terminal than we do.</summary>
    public static IAnsiConsole Console(CliContext context)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = context.IsTerminal ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = context.HasColors ? ColorSystemSupport.EightBit : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(context.Out),
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = context.Width;
        return console;
    }
}
