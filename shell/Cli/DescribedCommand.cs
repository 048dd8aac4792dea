using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>A command with more to say than fits its line in the list of commands.</summary>
internal sealed class DescribedCommand(string name, string description, string more)
    : Command(name, description)
{
    /// <summary>Explanation and examples, shown below the command's own help.</summary>
    public string More { get; } = more;
}

/// <summary>The usual help, then what a command has to say beyond it.</summary>
internal sealed class FullHelp(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        usual.Invoke(parseResult);
        var more = parseResult.CommandResult.Command switch
        {
            DescribedCommand command => command.More,
            RootCommand => CliProgram.More,
            _ => "",
        };
        if (more.Length > 0) parseResult.InvocationConfiguration.Output.WriteLine(more);
        return (int)ExitCode.Ok;
    }
}
