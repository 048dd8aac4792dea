namespace Hyperscale.Det.Tests.Architecture;

/// <summary>The whole source tree keeps to the sizes and names of the house.</summary>
public sealed class TidyTests
{
    [Fact]
    public void Every_source_file_is_tidy() =>
        Rule.IsKept(Repository.Files(".cs").SelectMany(file => TidyRules.Check(file.Path, file.Text)));

    [Fact]
    public void Nothing_is_left_open_in_documents_and_projects() =>
        Rule.IsKept(new[] { ".md", ".csproj", ".props", ".targets", ".json", ".tla" }
            .SelectMany(Repository.Files)
            .SelectMany(file => TidyRules.OpenEnds(file.Path, file.Text)));

    [Fact]
    public void No_folder_or_file_has_a_name_that_says_nothing() =>
        Rule.IsKept(Repository.Files(".cs")
            .SelectMany(file => file.Path.Split('/', '.').SkipLast(1))
            .SelectMany(part => TidyRules.Check(part, $"class {part.Replace('-', '_')};")));

    [Fact]
    public void A_folder_of_core_with_several_machines_explains_itself()
    {
        var crowded = Repository.Files(".cs")
            .Where(file => file.Path.StartsWith("core/", StringComparison.Ordinal))
            .GroupBy(file => Path.GetDirectoryName(file.Path)!)
            .Where(folder => folder.Sum(file => TidyRules.MachinesIn(file.Text)) > 1)
            .Select(folder => folder.Key);

        Assert.All(crowded, folder => Assert.True(
            File.Exists(Path.Combine(Repository.Root, folder, "README.md")), $"{folder} has no README.md"));
    }

    [Fact]
    public void A_machine_is_recognised() =>
        Assert.Equal(2, TidyRules.MachinesIn("""
            class A : INode { }
            class B : IMachine<int, int, V> { }
            class C : IComparable<C> { }
            """));

    [Fact]
    public void A_line_of_111_columns_is_refused() =>
        Assert.Contains("111 columns", Only($"// {new string('x', 108)}"), StringComparison.Ordinal);

    [Fact]
    public void A_method_of_51_lines_is_refused() =>
        Assert.Contains(
            "51 lines in one method", Only(ClassWithMethodOf(51)), StringComparison.Ordinal);

    [Fact]
    public void A_file_of_401_lines_is_refused() =>
        Assert.Contains("401 lines", Only(Repeat(401)), StringComparison.Ordinal);

    [Theory]
    [InlineData("TO", "DO")]
    [InlineData("FIX", "ME")]
    [InlineData("HA", "CK")]
    public void Unfinished_work_is_refused(string head, string tail) =>
        Assert.Contains(head + tail, Only($"// {head}{tail}: later"), StringComparison.Ordinal);

    [Theory]
    [InlineData("JobHelper")]
    [InlineData("StringUtils")]
    [InlineData("CommonTypes")]
    [InlineData("JobCoordinator")]
    public void A_name_that_says_nothing_is_refused(string name) =>
        Assert.Contains("says nothing", Only($"class {name};"), StringComparison.Ordinal);

    [Fact]
    public void A_namespace_with_a_block_is_refused() =>
        Assert.Contains("with a block", Only("namespace A { class C; }"), StringComparison.Ordinal);

    [Fact]
    public void A_class_named_like_its_namespace_is_refused() =>
        Assert.Contains("also a namespace", Only("namespace A.Jobs;\nclass Jobs;"), StringComparison.Ordinal);

    [Fact]
    public void A_tidy_file_is_accepted() =>
        Assert.Empty(TidyRules.Check("a.cs", $"namespace A.Jobs;\n\n{ClassWithMethodOf(50)}"));

    private static string Only(string text) => Assert.Single(TidyRules.Check("a.cs", text));

    private static string ClassWithMethodOf(int lines) =>
        $"class C\n{{\n    void M()\n    {{\n{Repeat(lines - 3)}    }}\n}}\n";

    private static string Repeat(int lines) => string.Concat(Enumerable.Repeat("        ;\n", lines));
}
