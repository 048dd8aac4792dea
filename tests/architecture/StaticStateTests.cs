using System.Reflection;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>A machine's outcome depends on its own state and its input, so core has nothing else to
/// hold.</summary>
public sealed class StaticStateTests
{
    [Fact]
    public void Core_has_no_static_state_that_can_change() =>
        Rule.IsKept(StaticState.Violations(typeof(Kernel.Instant).Assembly));

    [Theory]
    [InlineData("public static class C { public static int Count; }", "Count")]
    [InlineData("public static class C { public static int Count { get; set; } }", "Count")]
    [InlineData("public static class C { static readonly List<int> Seen = []; }", "Seen")]
    [InlineData("public static class C { static readonly int[] Table = new int[4]; }", "Table")]
    [InlineData("public static class C { static readonly Dictionary<int, int> Map = new(); }", "Map")]
    [InlineData("public class B { public int N; } static class C { static readonly B Box = new(); }", "Box")]
    [InlineData("public class C<T> { public static C<T>? Last; }", "Last")]
    public void State_that_can_change_is_refused(string source, string field) =>
        Assert.Contains(
            StaticState.Violations(Assembly.Load(Snippet.Compile(source))),
            violation => violation.Contains(field, StringComparison.Ordinal));

    [Theory]
    [InlineData("public static class C { public const int Max = 4; static readonly string Name = \"x\"; }")]
    [InlineData("record B(int N, string S); static class C { static readonly B Box = new(1, \"x\"); }")]
    [InlineData("public static class C { public static int Sum(int[] a) => a.Where(n => n > 1).Sum(); }")]
    public void State_that_cannot_change_is_allowed(string source) =>
        Assert.Empty(StaticState.Violations(Assembly.Load(Snippet.Compile(source))));
}
