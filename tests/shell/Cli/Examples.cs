using System.Runtime.CompilerServices;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>The example files in the source tree.</summary>
internal static class Examples
{
    public static IReadOnlyList<string> Nodes =>
    [
        "gate-1", "gate-2", "gate-3", "manager-1", "manager-2", "manager-3", "worker-1", "worker-2",
    ];

    public static string Directory => Path.GetFullPath(Path.Combine(HereAt(), "../../../../shell/examples"));

    private static string HereAt([CallerFilePath] string file = "") => file;
}
