using System.CommandLine;
using System.Text.Json;
using Hyperscale.Det.Shell.Cli.Views;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class JobsCommand
{
    private const int LimitMax = 1000;

    public static Command Create(CliContext context)
    {
        var gates = SharedOptions.Gates();
        var limit = OptionParsers.Whole("--limit", 1, LimitMax, 50, "Most jobs to show");
        var json = SharedOptions.Json("Print the list as JSON");
        var command = new DescribedCommand("jobs", "List jobs, newest first", """
            Examples:
              hyperscale jobs
              hyperscale jobs --json | jq -r '.jobs[] | select(.state == "running") | .id'
            """)
        {
            gates, limit, json,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = parsed.Client(gates, context);
            var list = await client.ListAsync(parsed.GetValue(limit), cancellation);
            if (parsed.GetValue(json))
                context.Out.WriteLine(JsonSerializer.Serialize(list, ApiJson.Indented.JobListJson));
            else Show(list, context);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    public static void Show(JobListJson list, CliContext context)
    {
        Screen.Draw(JobsSheet.Of(list), context);
        if (list.Missing.Count == 0) return;
        var gates = string.Join(", ", list.Missing);
        context.WriteError($"the jobs of {gates} are not in the list: no answer");
    }
}
