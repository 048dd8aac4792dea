using System.Text.Json;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>The file that a run leaves behind.</summary>
internal sealed class ReportFile
{
    public const string Name = "report.json";

    private ReportFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>Makes sure that the directory can be written to, before anything else is begun.</summary>
    /// <exception cref="CliException">It cannot.</exception>
    public static ReportFile In(string directory)
    {
        var file = new ReportFile(System.IO.Path.Combine(directory, Name));
        Try(file.Path, () =>
        {
            Directory.CreateDirectory(directory);
            var probe = file.Path + ".new";
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        });
        return file;
    }

    /// <summary>Writes the report; what the file held before is replaced in one step.</summary>
    public void Write(ReportJson report) => Try(Path, () =>
    {
        var text = JsonSerializer.Serialize(report, ApiJson.Indented.ReportJson);
        File.WriteAllText(Path + ".new", text + "\n");
        File.Move(Path + ".new", Path, overwrite: true);
    });

    private static void Try(string path, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CliException(
                ExitCode.Usage, $"{path} cannot be written: {e.Message}; --out names another directory");
        }
    }
}
