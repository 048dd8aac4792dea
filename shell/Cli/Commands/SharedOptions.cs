using System.CommandLine;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Cli.Api;

namespace Hyperscale.Det.Shell.Cli.Commands;

/// <summary>Options and arguments that several commands take.</summary>
internal static class SharedOptions
{
    private static readonly Uri DefaultGate = new("http://127.0.0.1:8400");

    public static Option<Uri[]> Gates() => OptionParsers.Urls(
        "--gate", "URL of a gate; may be repeated: the next one is asked when one does not answer "
        + "[default: http://127.0.0.1:8400]");

    public static Option<Uri[]> GatesOrNone() => OptionParsers.Urls(
        "--gate", "URL of a gate of a running cluster; may be repeated [default: a cluster of its own]");

    public static Option<string?> Target() =>
        OptionParsers.Url("--target", "Takes the place of ${TARGET} in the job");

    public static Option<IdempotencyKey?> Key() => new("--idempotency-key")
    {
        HelpName = "KEY",
        Description = "Of this submission: repeated with the same key, it makes no second job "
            + "[default: a new one each time]",
        CustomParser = result =>
        {
            if (IdempotencyKey.TryParse(result.Tokens[0].Value, out var key)) return key;
            result.AddError(
                $"--idempotency-key: '{result.Tokens[0].Value}' is not allowed; "
                + $"{IdempotencyKey.Grammar} are needed");
            return null;
        },
    };

    public static Option<bool> Json(string description) => new("--json") { Description = description };

    public static Argument<string> JobFile() => new("JOB.json") { Description = "The job's file" };

    public static Argument<JobId> JobId() => new("ID")
    {
        Description = "The job's id, as 'submit' and 'jobs' print it",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Kernel.JobId.TryParse(text, out var id)) return id;
            result.AddError($"'{text}' is no job id; one such as 012-0000000042 is needed");
            return default;
        },
    };

    /// <summary>The gates that were named, or the one that a cluster of <c>dev</c> has.</summary>
    public static GateClient Client(this ParseResult parsed, Option<Uri[]> gates, CliContext context) =>
        new(parsed.GetValue(gates) is { Length: > 0 } named ? named : [DefaultGate], context.Time);
}
