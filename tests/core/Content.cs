using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Hyperscale.Det.Tests.Core;

/// <summary>Values as text, so that records compare by content although lists compare by
/// reference.</summary>
internal static class Content
{
    private static readonly JsonSerializerOptions Options = new()
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { TellCasesApart } },
    };

    public static string Of<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>The cases of a closed set: the sealed records nested in it.</summary>
    public static IEnumerable<Type> CasesOf(Type set) =>
        set.GetNestedTypes().Where(type => type.IsSealed && type.IsSubclassOf(set));

    private static void TellCasesApart(JsonTypeInfo info)
    {
        if (!info.Type.IsAbstract || !CasesOf(info.Type).Any()) return;
        info.PolymorphismOptions = new JsonPolymorphismOptions();
        foreach (var type in CasesOf(info.Type))
            info.PolymorphismOptions.DerivedTypes.Add(new JsonDerivedType(type, type.Name));
    }
}
