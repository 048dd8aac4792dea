using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>Finds static fields whose value can differ between two steps.</summary>
internal static class StaticState
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly
        | BindingFlags.Static | BindingFlags.Instance;

    private static readonly FrozenSet<Type> FrozenTypes = new[]
    {
        typeof(string), typeof(decimal), typeof(Int128), typeof(UInt128), typeof(Type),
        typeof(StringComparer),
    }.ToFrozenSet();

    private static readonly FrozenSet<Type> FrozenGenerics = new[]
    {
        typeof(ImmutableArray<>), typeof(ImmutableSortedDictionary<,>), typeof(ImmutableSortedSet<>),
        typeof(FrozenDictionary<,>), typeof(FrozenSet<>), typeof(ReadOnlyMemory<>), typeof(Nullable<>),
        typeof(IReadOnlyList<>), typeof(IComparer<>), typeof(System.Buffers.SearchValues<>),
    }.ToFrozenSet();

    public static IReadOnlyList<string> Violations(Assembly assembly) =>
    [
        .. from type in assembly.GetTypes()
           where !IsCompilersOwn(type)
           from field in type.GetFields(Declared)
           where field.IsStatic && !field.IsLiteral
           where !field.IsInitOnly || !IsFrozen(field.FieldType, [])
           select $"{type.FullName}.{field.Name}: {field.FieldType.Name}",
    ];

    // Caches of lambdas and of constant data: written once with the value they would have anyway.
    private static bool IsCompilersOwn(Type type) =>
        type.Name.Contains('<', StringComparison.Ordinal)
        || (type.DeclaringType is { } outer && IsCompilersOwn(outer));

    /// <summary>Whether a value of the type can never change: its fields are read-only and frozen in
    /// turn.</summary>
    private static bool IsFrozen(Type type, HashSet<Type> underWay)
    {
        if (type.IsPrimitive || type.IsEnum || FrozenTypes.Contains(type)) return true;
        if (type.IsArray || type.IsPointer) return false;
        if (typeof(Delegate).IsAssignableFrom(type)) return true;
        if (IsFrozenGeneric(type)) return type.GetGenericArguments().All(part => IsFrozen(part, underWay));
        if (type.IsInterface || type.IsAbstract || type.Assembly == typeof(object).Assembly) return false;
        if (!underWay.Add(type)) return true;
        for (var part = type; part is not null; part = part.BaseType)
        {
            var fields = part.GetFields(Declared).Where(field => !field.IsStatic);
            if (!fields.All(f => (f.IsInitOnly || type.IsValueType) && IsFrozen(f.FieldType, underWay)))
                return false;
        }

        return true;
    }

    private static bool IsFrozenGeneric(Type type) =>
        type.IsGenericType
        && (typeof(ITuple).IsAssignableFrom(type)
            || FrozenGenerics.Contains(type.GetGenericTypeDefinition()));
}
