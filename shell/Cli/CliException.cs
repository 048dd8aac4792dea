namespace Hyperscale.Det.Shell.Cli;

/// <summary>Ends a command with an exit code and one line on standard error for each message.</summary>
public sealed class CliException(ExitCode code, params IReadOnlyList<string> messages)
    : Exception(string.Join('\n', messages))
{
    public ExitCode Code { get; } = code;

    public IReadOnlyList<string> Messages { get; } = messages;
}
