using System.CommandLine;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Shell.Cli.Views;

namespace Hyperscale.Det.Shell.Cli.Commands;

internal static class CancelCommand
{
    public static Command Create(CliContext context)
    {
        var id = SharedOptions.JobId();
        var gates = SharedOptions.Gates();
        var command = new DescribedCommand("cancel", "Cancel a job", """
            Returns once the cancellation is durable; the workloads' processes are then ended. A job that has
            already ended stays as it is, which is no error.

            Examples:
              hyperscale cancel 012-0000000042
            """)
        {
            id, gates,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var client = parsed.Client(gates, context);
            var status = await client.CancelAsync(parsed.GetValue(id), cancellation);
            if (status.State is JobState.Cancelling or JobState.Cancelled)
                ResultView.DrawEnd(status, context);
            else
                context.Out.WriteLine($"job {status.Id} had already ended: {Figures.Word(status.State)}");
            return (int)ExitCode.Ok;
        });
        return command;
    }
}
