using System.Reflection;
using System.Reflection.Emit;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>One type's use of a type in another folder of the same assembly.</summary>
internal sealed record Arrow(string FromFolder, string ToFolder, string FromType, string ToType)
{
    public override string ToString() => $"{FromFolder} -> {ToFolder} ({FromType} uses {ToType})";
}

/// <summary>Reads from a compiled assembly which of its folders use which.</summary>
/// <remarks>Signatures, base types, attributes and method bodies count. Constants are inlined by the
/// compiler; the using directives of the source, checked beside this, show those.</remarks>
internal static class FolderArrows
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly
        | BindingFlags.Static | BindingFlags.Instance;

    private static readonly SortedDictionary<short, OpCode> Codes = new(
        typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (OpCode)field.GetValue(null)!)
            .ToDictionary(code => code.Value));

    public static IReadOnlyList<Arrow> Of(Assembly assembly, string root) =>
    [
        .. (from type in assembly.GetTypes()
            let user = FolderOf(type, root)
            where user is not null
            from used in TypesUsedBy(type).SelectMany(Parts)
            where used.Assembly == assembly
            let folder = FolderOf(used, root)
            where folder is not null && folder != user
            select new Arrow(user, folder, type.FullName!, used.FullName ?? used.Name)).Distinct(),
    ];

    /// <summary>The first part of the namespace after the root; null outside of it.</summary>
    private static string? FolderOf(Type type, string root) =>
        type.Namespace?.StartsWith(root + ".", StringComparison.Ordinal) == true
            ? type.Namespace[(root.Length + 1)..].Split('.')[0]
            : null;

    private static IEnumerable<Type> TypesUsedBy(Type type)
    {
        if (type.BaseType is { } parent) yield return parent;
        foreach (var contract in type.GetInterfaces()) yield return contract;
        foreach (var attribute in type.CustomAttributes) yield return attribute.AttributeType;
        foreach (var field in type.GetFields(Declared)) yield return field.FieldType;
        var constructors = type.GetConstructors(Declared).Cast<MethodBase>();
        foreach (var used in constructors.Concat(type.GetMethods(Declared)).SelectMany(TypesUsedBy))
            yield return used;
    }

    private static IEnumerable<Type> TypesUsedBy(MethodBase method)
    {
        foreach (var parameter in method.GetParameters()) yield return parameter.ParameterType;
        if (method is MethodInfo { ReturnType: var result }) yield return result;
        var body = method.GetMethodBody();
        if (body is null) yield break;
        foreach (var local in body.LocalVariables) yield return local.LocalType;
        var typeArguments = method.DeclaringType!.GetGenericArguments();
        var methodArguments = method.IsGenericMethodDefinition ? method.GetGenericArguments() : [];
        foreach (var token in TokensOf(body.GetILAsByteArray()!))
        {
            var member = method.Module.ResolveMember(token, typeArguments, methodArguments);
            foreach (var used in TypesNamedBy(member)) yield return used;
        }
    }

    private static IEnumerable<Type> TypesNamedBy(MemberInfo? member)
    {
        if (member is Type type) yield return type;
        if (member?.DeclaringType is { } owner) yield return owner;
        if (member is FieldInfo field) yield return field.FieldType;
        if (member is not MethodBase called) yield break;
        foreach (var parameter in called.GetParameters()) yield return parameter.ParameterType;
        if (called is MethodInfo { ReturnType: var result }) yield return result;
        if (called.IsGenericMethod)
            foreach (var argument in called.GetGenericArguments()) yield return argument;
    }

    /// <summary>The metadata tokens that a method's instructions carry.</summary>
    private static IEnumerable<int> TokensOf(byte[] il)
    {
        for (var at = 0; at < il.Length;)
        {
            var code = il[at] == 0xFE ? Codes[unchecked((short)(0xFE00 | il[at + 1]))] : Codes[il[at]];
            at += code.Size;
            if (code.OperandType is OperandType.InlineField or OperandType.InlineMethod
                or OperandType.InlineTok or OperandType.InlineType)
                yield return BitConverter.ToInt32(il, at);
            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget => 1,
                OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, at)),
                _ => 4,
            };
        }
    }

    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.HasElementType) return Parts(type.GetElementType()!);
        return type.IsConstructedGenericType
            ? type.GetGenericArguments().SelectMany(Parts).Prepend(type.GetGenericTypeDefinition())
            : [type];
    }
}
