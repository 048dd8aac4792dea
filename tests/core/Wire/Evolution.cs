using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Wire;

/// <summary>What must hold of every encoded record, whichever version of it wrote the bytes
/// (AD-25).</summary>
internal static class Evolution
{
    /// <summary>Names of the properties that may be absent: lists, and what may be null.</summary>
    private static readonly string[] AlsoOptional =
        ["RunStats.Latency", "AttemptOutcome.Output", "Jobs.List", "Jobs.Missing"];

    private static readonly string[] AlsoRequired = ["JobSpec.Workflows", "ExecSpec.Command"];

    // An http workflow needs http and vus or rate, an exec workflow exec.
    private static readonly string[] DependsOnKind = ["http", "exec", "vus"];

    private static readonly ConcurrentDictionary<Type, SortedSet<string>> RequiredOf = new();

    public delegate string? Reading(ReadOnlySpan<byte> fields, out string content);

    /// <summary>Fields of a later version change nothing.</summary>
    public static void UnknownFieldsAreSkipped(ReadOnlySpan<byte> fields, Reading read)
    {
        var writer = new FieldWriter();
        RawFields.WriteUnknown(writer);
        var unknown = writer.ToArray();
        Assert.Null(read(fields, out var content));
        Assert.Null(read([.. unknown, .. fields, .. unknown], out var back));
        Assert.Equal(content, back);
    }

    /// <summary>Without any one of the fields, either the value differs or the fault names the field; the
    /// named ones are those that <paramref name="type"/> cannot do without.</summary>
    public static void MissingFieldsAreNamed(Type type, ReadOnlySpan<byte> fields, Reading read)
    {
        Assert.Null(read(fields, out var content));
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var number in RawFields.Split(fields).Select(field => field.Number).Distinct())
        {
            var fault = read(RawFields.Without(fields, number), out var rest);
            if (fault is null) Assert.NotEqual(content, rest);
            else if (!fault.Contains(" is missing", StringComparison.Ordinal)) Assert.Fail(fault);
            else missing.Add(fault[..fault.IndexOf(' ', StringComparison.Ordinal)]);
        }

        if (type == typeof(WorkflowSpec)) missing.ExceptWith(DependsOnKind);
        Assert.Equal(RequiredOf.GetOrAdd(type, Required), missing);
    }

    private static SortedSet<string> Required(Type type)
    {
        var nullability = new NullabilityInfoContext();
        var parameters = type.GetConstructors().MaxBy(c => c.GetParameters().Length)!.GetParameters();
        return new SortedSet<string>(
            parameters.Where(p => IsRequired(type, p, nullability)).Select(CamelCased),
            StringComparer.Ordinal);
    }

    private static bool IsRequired(Type type, ParameterInfo parameter, NullabilityInfoContext nullability)
    {
        var name = $"{type.Name}.{parameter.Name}";
        if (AlsoRequired.Contains(name)) return true;
        if (AlsoOptional.Contains(name)) return false;
        var isList = parameter.ParameterType != typeof(string)
            && parameter.ParameterType.IsAssignableTo(typeof(IEnumerable));
        return !isList && nullability.Create(parameter).WriteState != NullabilityState.Nullable;
    }

    private static string CamelCased(ParameterInfo parameter) =>
        char.ToLowerInvariant(parameter.Name![0]) + parameter.Name[1..];
}
