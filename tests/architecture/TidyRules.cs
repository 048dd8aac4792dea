using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>What a source file must look like, beyond what the formatter sees.</summary>
internal static partial class TidyRules
{
    private const int LineColumnsMax = 110;
    private const int MethodLinesMax = 50;
    private const int FileLinesMax = 400;

    /// <summary>The rules a C# file breaks, each with path and line.</summary>
    public static IReadOnlyList<string> Check(string path, string text)
    {
        var root = CSharpSyntaxTree.ParseText(text).GetCompilationUnitRoot();
        var declared = root.DescendantNodes().ToList();
        return
        [
            .. Lines(path, text),
            .. OpenEnds(path, text),
            .. declared.Where(IsMethod).Where(method => LinesOf(method) > MethodLinesMax)
                .Select(method => $"{path}:{LineOf(method)}: {LinesOf(method)} lines in one method"),
            .. declared.OfType<NamespaceDeclarationSyntax>()
                .Select(block => $"{path}:{LineOf(block)}: namespace with a block"),
            .. declared.OfType<BaseTypeDeclarationSyntax>().SelectMany(type => Names(path, type)),
        ];
    }

    /// <summary>Marks of unfinished work, in any kind of file.</summary>
    public static IEnumerable<string> OpenEnds(string path, string text) =>
        OpenEnd().Matches(text).Select(match => $"{path}: {match.Value}");

    /// <summary>The machines a file declares; a folder with more than one explains itself in a
    /// README.</summary>
    public static int MachinesIn(string text) =>
        CSharpSyntaxTree.ParseText(text).GetCompilationUnitRoot().DescendantNodes()
            .OfType<ClassDeclarationSyntax>()
            .Count(type => type.BaseList?.Types.Any(t => Machine().IsMatch(t.Type.ToString())) == true);

    private static IEnumerable<string> Lines(string path, string text)
    {
        var lines = text.TrimEnd('\n').Split('\n');
        if (lines.Length > FileLinesMax) yield return $"{path}: {lines.Length} lines";
        for (var i = 0; i < lines.Length; i++)
            if (lines[i].Length > LineColumnsMax) yield return $"{path}:{i + 1}: {lines[i].Length} columns";
    }

    private static IEnumerable<string> Names(string path, BaseTypeDeclarationSyntax type)
    {
        var name = type.Identifier.Text;
        if (VagueName().IsMatch(name)) yield return $"{path}:{LineOf(type)}: {name} says nothing";
        var spaces = (type.Parent as BaseNamespaceDeclarationSyntax)?.Name.ToString().Split('.');
        if (spaces?.Contains(name) == true)
            yield return $"{path}:{LineOf(type)}: {name} is also a namespace";
    }

    private static bool IsMethod(SyntaxNode node) =>
        node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax
            or PropertyDeclarationSyntax { ExpressionBody: not null };

    private static int LinesOf(SyntaxNode node)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static int LineOf(SyntaxNode node) =>
        node.SyntaxTree.GetLineSpan(node.Span).StartLinePosition.Line + 1;

    // Written with a class of one letter so that this file does not break its own rule.
    [GeneratedRegex(@"\b(TOD[O]|FIXM[E]|HAC[K]|XX[X])\b")]
    private static partial Regex OpenEnd();

    [GeneratedRegex("Helper|Util|Common|Coordinator")]
    private static partial Regex VagueName();

    [GeneratedRegex(@"^(IMachine<|INode$)")]
    private static partial Regex Machine();
}
