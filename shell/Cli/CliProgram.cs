using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Cli.Commands;
using Hyperscale.Det.Shell.Config;
using Hyperscale.Det.Shell.Disk;
using Hyperscale.Det.Shell.Http;
using Hyperscale.Det.Shell.Transport;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>The commands of <c>hyperscale</c>, and what becomes of their faults.</summary>
public static class CliProgram
{
    internal const string More = """
        A first job, on a cluster and a target of its own:
          hyperscale run shell/examples/http.json

        A cluster to submit jobs to, in one process:
          hyperscale dev
          hyperscale target --port 8080
          hyperscale submit job.json --target http://127.0.0.1:8080 --wait

        Exit codes:
          0 ok   1 internal error   2 usage or invalid job   3 job failed   4 job cancelled
          5 no cluster reachable   6 a threshold of the job was crossed
        """;

    /// <summary>Runs a command line; the result is the process's exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CliContext context)
    {
        var verbose = new Option<bool>("--verbose")
        {
            Description = "Log at debug level; show where an internal error came from",
            Recursive = true,
        };
        var parsed = CreateRoot(context, verbose).Parse(arguments);
        if (parsed.Action is ParseErrorAction) return RefuseArguments(parsed, context);
        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = context.Out,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration);
        }
        catch (Exception e)
        {
            return (int)Tell(e, parsed.GetValue(verbose), context);
        }
    }

    /// <summary>Says what went wrong; the code that belongs to it.</summary>
    private static ExitCode Tell(Exception exception, bool isVerbose, CliContext context)
    {
        switch (exception)
        {
            case CliException e:
                foreach (var message in e.Messages) context.WriteError(message);
                return e.Code;
            case ConfigException e:
                foreach (var line in e.Message.Split('\n')) context.WriteError(line);
                return ExitCode.Usage;
            // What the surroundings do not allow, and whoever started this can change.
            case AddressException or ApiListenException or DataDirectoryException:
                context.WriteError(exception.Message);
                return ExitCode.Usage;
            case DiskFailureException e:
                context.WriteError($"the disk failed: {e.Message}");
                return ExitCode.InternalError;
            case TimeoutException e:
                context.WriteError($"no cluster reachable: {e.Message}");
                return ExitCode.Unreachable;
            default:
                context.WriteError($"internal error: {exception.Message}");
                if (isVerbose) context.Error.WriteLine(exception);
                else context.WriteError("--verbose shows where it came from");
                return ExitCode.InternalError;
        }
    }

    private static RootCommand CreateRoot(CliContext context, Option<bool> verbose)
    {
        var root = new RootCommand("Runs load tests across datacenters and merges their results.")
        {
            RunCommand.Create(context, verbose),
            SubmitCommand.Create(context),
            StatusCommand.Create(context),
            ExplainCommand.Create(context),
            RouteCommand.Create(context),
            WatchCommand.Create(context),
            JobsCommand.Create(context),
            CancelCommand.Create(context),
            ValidateCommand.Create(context),
            DoctorCommand.Create(context),
            TargetCommand.Create(context),
            DevCommand.Create(context, verbose),
            DiskCommands.CreateInit(context),
            DiskCommands.CreateRecover(context),
            NodeCommand.Create(NodeRole.Gate, context, verbose),
            NodeCommand.Create(NodeRole.Manager, context, verbose),
            NodeCommand.Create(NodeRole.Worker, context, verbose),
            verbose,
        };
        foreach (var help in root.Options.OfType<HelpOption>())
            help.Action = new FullHelp((HelpAction)help.Action!);
        return root;
    }

    private static int RefuseArguments(ParseResult parsed, CliContext context)
    {
        // A wrong command's name is told twice, the first time as a command that is missing.
        var command = parsed.CommandResult.Command;
        var errors = parsed.Errors.Select(error => error.Message).Distinct(StringComparer.Ordinal).ToList();
        if (command is RootCommand)
        {
            var name = parsed.UnmatchedTokens is [var first, ..] ? first : null;
            var known = string.Join(", ", command.Subcommands.Select(sub => sub.Name));
            errors = [name is null
                ? $"a command is needed: {known}; 'hyperscale --help' explains them"
                : $"'{name}' is no command; allowed are {known}"];
        }

        foreach (var error in errors) context.WriteError(error.ReplaceLineEndings(" "));
        return (int)ExitCode.Usage;
    }
}
