namespace Hyperscale.Det.Jobs;

/// <summary>One thing wrong with a submitted job: where (JSON path, <c>$</c> is the whole) and what is
/// allowed.</summary>
public sealed record JobFault(string Path, string Message);

/// <summary>Something the job's author should know although the job is valid: a value that was lowered to
/// its ceiling, or two that are at odds.</summary>
public sealed record JobNote(string Path, string Message);
