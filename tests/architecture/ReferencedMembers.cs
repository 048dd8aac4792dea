using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Hyperscale.Det.Tests.Architecture;

/// <summary>A type or a member of another assembly; a type alone has no member.</summary>
internal sealed record Reference(string Namespace, string Type, string? Member)
{
    public string TypeName => $"{Namespace}.{Type}";

    public override string ToString() => Member is null ? TypeName : $"{TypeName}.{Member}";
}

/// <summary>Everything a compiled assembly refers to outside itself, read from its metadata tables.</summary>
/// <remarks>The tables hold what the compiler emitted, so what source analysis does not see is here too: the
/// builder of an async method, the enumerator of a foreach.</remarks>
internal static class ReferencedMembers
{
    public static IReadOnlyList<Reference> Of(ReadOnlySpan<byte> image)
    {
        using var pe = new PEReader(ImmutableArray.Create(image));
        var reader = pe.GetMetadataReader();
        var references = new List<Reference>();
        foreach (var handle in reader.TypeReferences) references.Add(TypeOf(reader, handle));
        foreach (var handle in reader.MemberReferences)
        {
            var member = reader.GetMemberReference(handle);
            var owner = OwnerOf(reader, member.Parent);
            if (owner is not null) references.Add(owner with { Member = reader.GetString(member.Name) });
        }

        return [.. references.Distinct().OrderBy(reference => reference.ToString(), StringComparer.Ordinal)];
    }

    public static IReadOnlyList<string> Assemblies(ReadOnlySpan<byte> image)
    {
        using var pe = new PEReader(ImmutableArray.Create(image));
        var reader = pe.GetMetadataReader();
        return
        [
            .. reader.AssemblyReferences
                .Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name)),
        ];
    }

    /// <summary>The native libraries that methods are imported from.</summary>
    public static IReadOnlyList<string> NativeModules(ReadOnlySpan<byte> image)
    {
        using var pe = new PEReader(ImmutableArray.Create(image));
        var reader = pe.GetMetadataReader();
        return
        [
            .. Enumerable.Range(1, reader.GetTableRowCount(TableIndex.ModuleRef))
                .Select(MetadataTokens.ModuleReferenceHandle)
                .Select(handle => reader.GetString(reader.GetModuleReference(handle).Name)),
        ];
    }

    private static Reference TypeOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        var name = reader.GetString(type.Name);
        if (type.ResolutionScope.Kind != HandleKind.TypeReference)
            return new Reference(reader.GetString(type.Namespace), name, null);
        var outer = TypeOf(reader, (TypeReferenceHandle)type.ResolutionScope);
        return outer with { Type = $"{outer.Type}+{name}" };
    }

    // Members of arrays and of the assembly's own generic types have no foreign owner.
    private static Reference? OwnerOf(MetadataReader reader, EntityHandle parent) => parent.Kind switch
    {
        HandleKind.TypeReference => TypeOf(reader, (TypeReferenceHandle)parent),
        HandleKind.TypeSpecification => GenericOwnerOf(reader, (TypeSpecificationHandle)parent),
        _ => null,
    };

    private static Reference? GenericOwnerOf(MetadataReader reader, TypeSpecificationHandle handle)
    {
        var blob = reader.GetBlobReader(reader.GetTypeSpecification(handle).Signature);
        if (blob.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance) return null;
        blob.ReadSignatureTypeCode();
        var owner = blob.ReadTypeHandle();
        return owner.Kind == HandleKind.TypeReference ? TypeOf(reader, (TypeReferenceHandle)owner) : null;
    }
}
