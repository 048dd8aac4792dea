using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>Options whose faults name the option, the value and what is allowed.</summary>
internal static class OptionParsers
{
    private delegate bool TryParse<T>(string text, out T value);

    public static Option<int> Whole(string name, int min, int max, int absent, string description) =>
        Of(name, "N", absent, $"a whole number from {min} to {max}", description,
            (string text, out int value) =>
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
                && value >= min && value <= max);

    public static Option<TimeSpan> Time(string name, TimeSpan max, string description) =>
        Of(name, "DURATION", TimeSpan.Zero,
            string.Create(
                CultureInfo.InvariantCulture, $"{Duration.Grammar}, at most {max.TotalSeconds:0} seconds"),
            description,
            (string text, out TimeSpan value) =>
            {
                var isDuration = Duration.TryParse(text, out var duration);
                value = TimeSpan.FromMicroseconds(duration.Nanoseconds / 1000);
                return isDuration && value <= max;
            });

    /// <summary>A part of 1, in thousandths.</summary>
    public static Option<int> PerMille(string name, string description) =>
        Of(name, "RATE", 0, "a number from 0 to 1 in steps of 0.001, for example 0.05", description,
            (string text, out int value) =>
            {
                var isNumber = decimal.TryParse(
                    text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var part);
                value = isNumber && part is >= 0 and <= 1 ? (int)(part * 1000) : -1;
                return value >= 0 && value == part * 1000;
            });

    public static Option<IPEndPoint> EndPoint(string name, IPEndPoint absent, string description) =>
        Of(name, "ADDRESS", absent, "an IP address and port such as 127.0.0.1:8400 or [::1]:8400",
            description,
            (string text, out IPEndPoint value) =>
                IPEndPoint.TryParse(text, out value!) && value.ToString() == text);

    /// <summary>URLs of gates; the option may be repeated.</summary>
    public static Option<Uri[]> Urls(string name, string description) =>
        new(name)
        {
            HelpName = "URL",
            Description = description,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
            CustomParser = result => [.. result.Tokens.Select(token => Url(result, name, token.Value))],
        };

    public static Option<string?> Url(string name, string description) =>
        new(name)
        {
            HelpName = "URL",
            Description = description,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                Url(result, name, text);
                return text.TrimEnd('/');
            },
        };

    private static Uri Url(ArgumentResult result, string name, string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https") return url;
        result.AddError($"{name}: '{text}' is no URL; one such as http://127.0.0.1:8400 is needed");
        return null!;
    }

    private static Option<T> Of<T>(
        string name, string helpName, T absent, string needed, string description, TryParse<T> parse) =>
        new(name)
        {
            HelpName = helpName,
            Description = description,
            DefaultValueFactory = _ => absent,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (parse(text, out var value)) return value;
                result.AddError($"{name}: '{text}' is not allowed; {needed} is needed");
                return default;
            },
        };
}
