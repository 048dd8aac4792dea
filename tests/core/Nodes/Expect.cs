using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>Compares what was sent by content.</summary>
internal static class Expect
{
    public static void Messages(IEnumerable<Message> actual, params Message[] expected) =>
        Assert.Equal(expected.Select(Content.Of), actual.Select(Content.Of));
}
