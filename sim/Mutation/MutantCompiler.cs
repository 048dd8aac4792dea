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

    /// <summary>The assembly; null, with the fault, when the change cannot be made or does not compile.
    /// </summary>
    public static byte[]? Compile(Mutant mutant, out string fault)
    {
        var sources = MutantShelf.Sources;
        if (!sources.TryGetValue(mutant.File, out var original))
        {
            fault = $"mutant {mutant.Name}: there is no file {mutant.File}";
            return null;
        }

        if (mutant.Apply(original, out fault) is not { } changed) return null;
        var parse = new CSharpParseOptions(LanguageVersion.CSharp14);
        var trees = sources
            .Select(source => source.Key == mutant.File ? changed : source.Value)
            .Prepend(ImplicitUsings)
            .Select(text => CSharpSyntaxTree.ParseText(text, parse));
        var compilation = CSharpCompilation.Create(
            CoreAssembly,
            trees,
            References(),
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                optimizationLevel: OptimizationLevel.Release,
                checkOverflow: true,
                nullableContextOptions: NullableContextOptions.Enable,
                deterministic: true));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        var error = result.Diagnostics.FirstOrDefault(one => one.Severity == DiagnosticSeverity.Error);
        fault = error is null ? "" : $"mutant {mutant.Name} does not compile: {error}";
        return result.Success ? image.ToArray() : null;
    }

    private static IEnumerable<MetadataReference> References() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator)
        .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal))
        .Select(path => MetadataReference.CreateFromFile(path));
}
