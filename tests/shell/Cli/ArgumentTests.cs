using Hyperscale.Det.Shell.Cli;

namespace Hyperscale.Det.Tests.Shell.Cli;

/// <summary>Wrong arguments: one line that names what, and what is allowed, and exit code 2.</summary>
public sealed class ArgumentTests
{
    [Theory]
    [InlineData("", "a command is needed: run, submit, status, explain, route, watch, jobs, cancel,")]
    [InlineData("tagret", "'tagret' is no command; allowed are run, submit")]
    [InlineData("submit", "Required argument 'JOB.json' missing for command: 'submit'.")]
    [InlineData("run a.json b.json", "Unrecognized command or argument 'b.json'.")]
    [InlineData("jobs --nope", "Unrecognized command or argument '--nope'.")]
    [InlineData("gate", "Option '--config' is required.")]
    [InlineData("status", "a job's ID or --cluster is needed, and not both")]
    [InlineData("status 012-0000000042 --cluster", "a job's ID or --cluster is needed, and not both")]
    [InlineData("status seven", "'seven' is no job id; one such as 012-0000000042 is needed")]
    [InlineData("jobs --limit", "Required argument missing for option: '--limit'.")]
    [InlineData("jobs --limit 0", "--limit: '0' is not allowed; a whole number from 1 to 1000 is needed")]
    [InlineData("jobs --gate gate-1:8400", "--gate: 'gate-1:8400' is no URL; one such as http://127.0.0.1")]
    [InlineData("target --port 70000", "--port: '70000' is not allowed; a whole number from 0 to 65535")]
    [InlineData("target --latency fast", "--latency: 'fast' is not allowed; a duration such as 250ms, 90s")]
    [InlineData("target --jitter 2h", "at most 60 seconds is needed")]
    [InlineData("target --error-rate 1.5", "--error-rate: '1.5' is not allowed; a number from 0 to 1")]
    [InlineData("target --error-rate 0.0001", "in steps of 0.001")]
    [InlineData("dev --http localhost", "--http: 'localhost' is not allowed; an IP address and port such as")]
    [InlineData("dev --gates 0", "--gates: '0' is not allowed; a whole number from 1 to")]
    [InlineData("run a.json --gate http://g:1 --workers 2", "--workers shapes a cluster that --gate does")]
    [InlineData("validate no-such-file.json", "no-such-file.json: cannot be read: ")]
    [InlineData("worker --config no-such-file.json", "no-such-file.json cannot be read: ")]
    public async Task A_wrong_argument_is_named_with_what_is_allowed(string arguments, string expected)
    {
        var (code, output, errors) = await RunAsync(
            arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, code);
        Assert.Equal("", output);
        var line = Assert.Single(errors.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("hyperscale: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("submit")]
    [InlineData("status")]
    [InlineData("watch")]
    [InlineData("jobs")]
    [InlineData("cancel")]
    [InlineData("validate")]
    [InlineData("target")]
    [InlineData("dev")]
    [InlineData("gate")]
    [InlineData("manager")]
    [InlineData("worker")]
    public async Task Every_command_explains_itself_with_an_example(string command)
    {
        var (code, output, errors) = await RunAsync(command, "--help");

        Assert.Equal((0, ""), (code, errors));
        Assert.Contains($"Examples:\n  hyperscale {command}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_wrong_arguments_are_two_lines()
    {
        var (code, _, errors) = await RunAsync("target", "--port", "x", "--latency", "y");

        Assert.Equal(2, code);
        Assert.Equal(2, errors.TrimEnd('\n').Split('\n').Length);
    }

    private static async Task<CliResult> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var errors = new StringWriter { NewLine = "\n" };
        var context = new CliContext(output, errors, false, false, 120, TimeProvider.System);
        var code = await CliProgram.RunAsync(arguments, context);
        return new CliResult(code, output.ToString(), errors.ToString());
    }
}
