namespace Hyperscale.Det.Benchmarks;

/// <summary>What figures are to be; each is told below its figure.</summary>
/// <remarks>How fast something is depends on the machine, so that it counts with --strict only; how accurate
/// or how large it is does not, and always counts.</remarks>
internal sealed class Goals(string[] options)
{
    private readonly bool _isStrict = options.Contains("--strict");

    /// <summary>0, or 1 when a goal that counts was missed.</summary>
    public int ExitCode { get; private set; }

    public void Speed(string goal, bool isMet) => Tell(goal, isMet, counts: _isStrict);

    public void Bound(string goal, bool isMet) => Tell(goal, isMet, counts: true);

    private void Tell(string goal, bool isMet, bool counts)
    {
        Console.WriteLine($"  goal: {goal}: {(isMet ? "met" : "MISSED")}");
        if (!isMet && counts) ExitCode = 1;
    }
}
