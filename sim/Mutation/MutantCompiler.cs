using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hyperscale.Det.Sim.Mutation;

/// <summary>Compiles core with a mutant's change, with the options of the project.</summary>
public static class MutantCompiler
{
    public const string CoreAssembly = "Hyperscale.Det.Core";

    // What the SDK's implicit usings give to every file of the project.
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.CSharp14);

    private static readonly Lazy<CSharpCompilation> Unchanged = new(() => CSharpCompilation.Create(
        CoreAssembly,
        MutantShelf.Sources
            .Select(source => CSharpSyntaxTree.ParseText(source.Value, Parsing, source.Key))
            .Prepend(CSharpSyntaxTree.ParseText(ImplicitUsings, Parsing)),
        References(),
        new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            optimizationLevel: OptimizationLevel.Release,
            checkOverflow: true,
            nullableContextOptions: NullableContextOptions.Enable,
            deterministic: true)));

    private static readonly Lazy<byte[]> UnchangedImage = new(() =>
        Emit(Unchanged.Value, out var fault) ?? throw new InvalidOperationException(fault));

    /// <summary>The assembly; null, with the fault, when the change cannot be made or does not compile.
    /// </summary>
    public static byte[]? Compile(Mutant mutant, out string fault)
    {
        var trees = Unchanged.Value.SyntaxTrees;
        if (trees.FirstOrDefault(tree => tree.FilePath == mutant.File) is not { } original)
        {
            fault = $"mutant {mutant.Name}: there is no file {mutant.File}";
            return null;
        }

        if (mutant.Apply(original.ToString(), out fault) is not { } changed) return null;
        var mutated = CSharpSyntaxTree.ParseText(changed, Parsing, mutant.File);
        var image = Emit(Unchanged.Value.ReplaceSyntaxTree(original, mutated), out var error);
        if (image is null) fault = $"mutant {mutant.Name} does not compile: {error}";
        return image;
    }

    /// <summary>Core as it is, compiled as mutants are.</summary>
    public static byte[] Compile() => UnchangedImage.Value;

    private static byte[]? Emit(CSharpCompilation compilation, out string fault)
    {
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        fault = $"{result.Diagnostics.FirstOrDefault(one => one.Severity == DiagnosticSeverity.Error)}";
        return result.Success ? image.ToArray() : null;
    }

    private static IEnumerable<MetadataReference> References() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator)
        .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal))
        .Select(path => MetadataReference.CreateFromFile(path));
}
