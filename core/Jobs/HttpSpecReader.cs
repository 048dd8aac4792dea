using System.Collections.Immutable;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>Reads the <c>http</c> block of a workflow.</summary>
internal static class HttpSpecReader
{
    private const string TokenMarks = "!#$%&'*+-.^_`|~";

    private static readonly ImmutableArray<string> Known =
        ["method", "url", "headers", "body", "expect", "timeout"];

    private static readonly ImmutableArray<string> WellKnownMethods =
        ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "QUERY"];

    // The client writes these itself, from the body.
    private static readonly ImmutableArray<string> ClientsHeaders = ["Content-Length", "Transfer-Encoding"];

    /// <summary>The block without its timeout's default; null after a fault that leaves nothing of it.
    /// </summary>
    public static (HttpSpec Spec, Duration? Timeout)? Read(JsonValue block, TargetPlaceholder target)
    {
        if (block.Fields(Known) is not { } fields) return null;
        var timeout = fields.Find("timeout")
            ?.Duration(Duration.FromSeconds(JobLimits.RequestTimeoutSecondsMax));
        var spec = new HttpSpec(
            fields.Find("method") is { } method ? Method(method) : JobDefaults.Method,
            fields.Require("url", "an http or https URL") is { } url ? Url(url, target) : "",
            fields.Find("headers") is { } headers ? Headers(headers, target) : [],
            fields.Find("body") is { } body ? Filled(body, target, JobLimits.BodyLengthMax) : null,
            fields.Find("expect") is { } expect ? Statuses(expect) : [],
            JobDefaults.RequestTimeout);
        return (spec, timeout);
    }

    private static string Method(JsonValue at)
    {
        if (at.Text(JobLimits.MethodLengthMax) is not { } method) return "";
        var upper = method.ToUpperInvariant();
        if (!IsToken(method))
            at.Refuse($"a method such as {FoundText.Listed(WellKnownMethods)}");
        else if (method != upper && WellKnownMethods.Contains(upper))
            at.Refuse("a method in capitals", $"; did you mean {upper}?");
        else if (upper == "CONNECT")
            at.Refuse("a method that asks for no tunnel");
        return method;
    }

    private static string Url(JsonValue at, TargetPlaceholder target)
    {
        if (Filled(at, target, JobLimits.UrlLengthMax) is not { } url) return "";
        if (UrlSyntax.FaultOf(url) is not { } fault) return url;
        var hint = url.Contains("${", StringComparison.Ordinal)
            ? $"; the only placeholder is {TargetPlaceholder.Written}"
            : "";
        at.Fault($"{fault}: {FoundText.Quoted(url)}{hint}");
        return url;
    }

    private static List<HttpHeader> Headers(JsonValue block, TargetPlaceholder target)
    {
        if (block.AnyFields("an object of header names and their texts") is not { } fields) return [];
        if (fields.InOrder.Count > JobLimits.HeadersMax)
            block.Fault($"has {fields.InOrder.Count} headers; at most {JobLimits.HeadersMax} are allowed");
        var headers = new List<HttpHeader>();
        var names = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in fields.InOrder.Take(JobLimits.HeadersMax))
        {
            if (name.Length > JobLimits.HeaderLengthMax || !IsToken(name))
                value.Fault($"has a name that is no header's; letters, digits and {TokenMarks} are allowed");
            else if (!names.Add(name))
                value.Fault("is given more than once, as case does not count; once is allowed");
            else if (ClientsHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
                value.Fault("follows from the body; any other header is allowed");
            if (HeaderValue(value, target) is { } text) headers.Add(new HttpHeader(name, text));
        }

        return headers;
    }

    private static string? HeaderValue(JsonValue at, TargetPlaceholder target)
    {
        if (Filled(at, target, JobLimits.HeaderLengthMax) is not { } text) return null;
        if (text.All(c => c is (>= ' ' and <= '~') or '\t')) return text;
        at.Refuse("a text of printable ASCII characters, blanks and tabs, without line breaks,");
        return null;
    }

    private static List<int> Statuses(JsonValue list)
    {
        var statuses = new List<int>();
        foreach (var item in list.Items("statuses from 100 to 599", 0, JobLimits.ExpectMax))
        {
            if (item.Integer(100, 599) is not { } status) continue;
            if (statuses.Contains(status)) item.Fault($"is {status} once more; each status once is allowed");
            statuses.Add(status);
        }

        return statuses;
    }

    private static string? Filled(JsonValue at, TargetPlaceholder target, int lengthMax) =>
        at.Text(lengthMax) is { } text ? target.Fill(at, text, lengthMax) : null;

    // RFC 9110, 5.6.2.
    private static bool IsToken(string text) =>
        text.Length > 0
        && text.All(c => char.IsAsciiLetterOrDigit(c) || TokenMarks.Contains(c, StringComparison.Ordinal));
}
