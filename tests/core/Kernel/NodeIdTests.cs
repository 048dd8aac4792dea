using CsCheck;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class NodeIdTests
{
    [Theory]
    [InlineData("gate-1", true)]
    [InlineData("dc-a/manager_2.x", true)]
    [InlineData("0", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("Gate-1", false)]
    [InlineData("gate 1", false)]
    [InlineData("gäte", false)]
    [InlineData("gate:1", false)]
    public void Names_keep_to_their_alphabet(string? name, bool isValid) =>
        Assert.Equal(isValid, NodeId.IsValid(name));

    [Fact]
    public void A_name_has_at_most_64_characters()
    {
        Assert.True(NodeId.IsValid(new string('a', 64)));
        Assert.False(NodeId.IsValid(new string('a', 65)));
    }

    [Fact]
    public void What_is_no_name_is_told_with_what_is_one()
    {
        var e = Assert.Throws<ArgumentException>(() => NodeId.Of("Gate 1"));

        Assert.Contains("'Gate 1' is no node name: 1 to 64 characters of a-z 0-9 - _ . / are", e.Message);
    }

    [Fact]
    public void Names_order_by_their_characters_on_every_host()
    {
        string[] names = ["a/b", "b", "a-b", "a", "a.b", "a1", "a_b", "ab"];

        Assert.Equal(
            ["a", "a-b", "a.b", "a/b", "a1", "a_b", "ab", "b"],
            names.Select(NodeId.Of).Order().Select(node => node.Name));
    }

    [Fact]
    public void Comparisons_agree_with_each_other()
    {
        var names = Gen.String[Gen.Char["ab-/"], 1, 4].Select(NodeId.Of);
        Gen.Select(names, names).Sample((a, b) =>
        {
            var order = string.CompareOrdinal(a.Name, b.Name);
            Assert.Equal(Math.Sign(order), Math.Sign(a.CompareTo(b)));
            Assert.Equal(order == 0, a == b);
            Assert.Equal(order < 0, a < b);
            Assert.Equal(order > 0, a > b);
            Assert.Equal(order <= 0, a <= b);
            Assert.Equal(order >= 0, a >= b);
            if (a == b) Assert.Equal(a.GetHashCode(), b.GetHashCode());
        });
    }

    [Fact]
    public void No_name_at_all_is_a_name_of_its_own()
    {
        Assert.Equal("", default(NodeId).Name);
        Assert.NotEqual(default, NodeId.Of("a"));
        Assert.True(default(NodeId) < NodeId.Of("a"));
    }
}
