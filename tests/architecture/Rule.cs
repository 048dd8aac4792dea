namespace Hyperscale.Det.Tests.Architecture;

/// <summary>Fails with every violation in full; a truncated list would hide where to look.</summary>
internal static class Rule
{
    public static void IsKept(IEnumerable<object> violations)
    {
        var found = violations.Select(violation => violation.ToString()).ToList();
        Assert.True(found.Count == 0, string.Join(Environment.NewLine, found));
    }
}
