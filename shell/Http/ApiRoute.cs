namespace Hyperscale.Det.Shell.Http;

/// <summary>One path and method of the API.</summary>
/// <param name="Summary">One line for people.</param>
/// <param name="Query">Names of the query parameters it takes.</param>
internal sealed record ApiRoute(
    string Method, string Pattern, string Summary, IReadOnlyList<string> Query, RequestDelegate Handle)
{
    /// <summary>The methods that are answered: whatever can be read can be asked for its headers alone, but
    /// for streams, which have no end to wait for.</summary>
    public IReadOnlyList<string> Methods =>
        Method == HttpMethods.Get && !IsStream ? [HttpMethods.Get, HttpMethods.Head] : [Method];

    public bool IsStream { get; init; }
}
