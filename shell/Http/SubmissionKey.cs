using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Shell.Json;

namespace Hyperscale.Det.Shell.Http;

/// <summary>The <c>Idempotency-Key</c> header of a submission.</summary>
internal static class SubmissionKey
{
    public const string Header = "Idempotency-Key";

    /// <summary>The key; null where there is no header. The text is taken as it is, quotes
    /// included.</summary>
    /// <param name="fault">What is wrong with the header; null when nothing is.</param>
    public static IdempotencyKey? Read(HttpRequest request, out ProblemJson? fault)
    {
        fault = null;
        if (!request.Headers.TryGetValue(Header, out var values)) return null;
        if (values.Count == 1 && IdempotencyKey.TryParse(values[0], out var key)) return key;
        fault = Problems.BadKey(
            values.Count == 1
                ? $"one of {values[0]!.Length} characters is none: {IdempotencyKey.Grammar} are needed"
                : $"{values.Count} are given; a submission has one");
        return null;
    }
}
