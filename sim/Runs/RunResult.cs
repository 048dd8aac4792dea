using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;
using Hyperscale.Det.Sim.Plans;

namespace Hyperscale.Det.Sim.Runs;

/// <summary>How a run ended.</summary>
/// <param name="Failure">Null when every rule held.</param>
/// <param name="Simulated">Virtual time that passed.</param>
public sealed record RunResult(
    Plan Plan,
    RunFailure? Failure,
    ulong Hash,
    long Events,
    Duration Simulated,
    CoverageBoard Coverage,
    RunFigures Figures);

/// <summary>Which rule was broken, and how.</summary>
/// <param name="Detail">More than one line: where in the code.</param>
public sealed record RunFailure(string Checker, string Message, string Detail);

/// <summary>Sizes of a run.</summary>
public sealed record RunFigures(
    long Messages, long MessageBytes, int Jobs, int Attempts, int MailboxMax, int HeldMax, int InFlightMax)
{
    public static readonly RunFigures None = new(0, 0, 0, 0, 0, 0, 0);

    /// <summary>Sums of what adds up, the larger of what is a maximum.</summary>
    public RunFigures With(RunFigures other) => new(
        Messages + other.Messages,
        MessageBytes + other.MessageBytes,
        Jobs + other.Jobs,
        Attempts + other.Attempts,
        Math.Max(MailboxMax, other.MailboxMax),
        Math.Max(HeldMax, other.HeldMax),
        Math.Max(InFlightMax, other.InFlightMax));
}
