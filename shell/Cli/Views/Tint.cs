using Spectre.Console;

namespace Hyperscale.Det.Shell.Cli.Views;

/// <summary>The colour of a word that says how something stands.</summary>
internal static class Tint
{
    public static Style Of(string word) => word switch
    {
        "running" or "starting" => new Style(Color.Yellow),
        "completed" or "ok" => new Style(Color.Green),
        "failed" or "crossed" or "lost" => new Style(Color.Red),
        "cancelled" or "cancelling" => new Style(Color.Fuchsia),
        "merged" or "total" => new Style(decoration: Decoration.Bold),
        _ => Style.Plain,
    };
}
