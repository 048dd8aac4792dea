namespace Hyperscale.Det.Shell.Target;

/// <summary>How the built-in target answers.</summary>
/// <param name="Port">0 for any free one.</param>
/// <param name="Latency">Wait before each answer.</param>
/// <param name="Jitter">Up to this much more, evenly spread.</param>
/// <param name="ErrorPerMille">Answers of a thousand that are status 503.</param>
public sealed record TargetOptions(
    string Address, int Port, TimeSpan Latency, TimeSpan Jitter, int ErrorPerMille)
{
    public static readonly TargetOptions Default =
        new("127.0.0.1", 0, TimeSpan.Zero, TimeSpan.Zero, 0);
}
