using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Hyperscale.Det.Kernel;

/// <summary>A rule of ours was broken: a bug, never bad input. The shell stops the node, the simulator
/// reports the seed.</summary>
public sealed class InvariantViolationException(string expression, string member, int line)
    : Exception($"{member}:{line}: {expression}")
{
    public string Expression { get; } = expression;
}

/// <summary>Assertions that stay on in release builds.</summary>
public static class Invariant
{
    public static void Holds(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "",
        [CallerMemberName] string member = "",
        [CallerLineNumber] int line = 0)
    {
        if (!condition) throw new InvariantViolationException(expression, member, line);
    }
}
