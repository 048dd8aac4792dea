namespace Hyperscale.Det.Jobs;

/// <summary>One thing wrong with a submitted job: where (JSON path, <c>$</c> is the whole) and what is
/// allowed.</summary>
public sealed record JobFault(string Path, string Message);
