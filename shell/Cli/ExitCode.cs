namespace Hyperscale.Det.Shell.Cli;

/// <summary>What the process ends with. A process that a second signal ends at once, or whose command has
/// nothing to put in order, ends with 128 and the signal's number, as shells expect.</summary>
public enum ExitCode
{
    Ok = 0,
    InternalError = 1,

    /// <summary>Wrong arguments, an unusable file, or an invalid job.</summary>
    Usage = 2,
    JobFailed = 3,
    JobCancelled = 4,

    /// <summary>No gate answered, or none could say what became of a request.</summary>
    Unreachable = 5,
    ThresholdCrossed = 6,
}
