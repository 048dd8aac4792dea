namespace Hyperscale.Det.Tests.Architecture;

/// <summary>What the compiled core may refer to. Whatever is not named here is refused.</summary>
internal static class CoreAllowList
{
    // All of these compute on their arguments alone.
    private static readonly string[] Namespaces =
    [
        "System.Buffers.Binary", "System.Collections", "System.Collections.Frozen",
        "System.Collections.Generic", "System.Collections.Immutable", "System.Diagnostics.CodeAnalysis",
        "System.Linq", "System.Numerics", "System.Text", "System.Text.Json",
    ];

    private static readonly string[] Types =
    [
        "System.Action", "System.Action`1", "System.Action`2", "System.ArgumentException",
        "System.ArgumentNullException", "System.ArgumentOutOfRangeException", "System.Array",
        "System.ArraySegment`1", "System.AttributeUsageAttribute", "System.AttributeTargets",
        "System.Attribute", "System.Boolean", "System.Byte", "System.Char", "System.Comparison`1",
        "System.Convert", "System.Decimal", "System.Delegate", "System.Double", "System.Enum",
        "System.Exception", "System.FlagsAttribute", "System.FormatException", "System.Func`1",
        "System.Func`2", "System.Func`3", "System.Func`4", "System.IComparable", "System.IComparable`1",
        "System.IDisposable", "System.IEquatable`1", "System.IFormatProvider", "System.IFormattable",
        "System.ISpanFormattable", "System.Index", "System.IndexOutOfRangeException", "System.Int128",
        "System.Int16", "System.Int32", "System.Int64", "System.InvalidOperationException", "System.Memory`1",
        "System.MemoryExtensions", "System.MulticastDelegate", "System.NotSupportedException",
        "System.Nullable", "System.Nullable`1", "System.ObsoleteAttribute", "System.OverflowException",
        "System.ParamArrayAttribute", "System.Predicate`1", "System.Range",
        "System.ReadOnlyMemory`1", "System.ReadOnlySpan`1", "System.RuntimeFieldHandle",
        "System.RuntimeTypeHandle", "System.SByte", "System.Single", "System.Span`1", "System.String",
        "System.StringComparer", "System.StringComparison", "System.StringSplitOptions",
        "System.Tuple`2", "System.UInt128", "System.UInt16", "System.UInt32",
        "System.UInt64", "System.Void", "System.ValueTuple`1", "System.ValueTuple`2", "System.ValueTuple`3",
        "System.ValueTuple`4", "System.ValueTuple`5", "System.ValueType",
        "System.Buffers.ArrayBufferWriter`1", "System.Buffers.IBufferWriter`1",
        "System.Buffers.OperationStatus", "System.Buffers.SearchValues", "System.Buffers.SearchValues`1",
        "System.Collections.ObjectModel.ReadOnlyCollection`1", "System.Diagnostics.DebuggableAttribute",
        "System.Diagnostics.DebuggableAttribute+DebuggingModes",
        "System.Diagnostics.DebuggerBrowsableAttribute", "System.Diagnostics.DebuggerBrowsableState",
        "System.Diagnostics.DebuggerHiddenAttribute", "System.Diagnostics.DebuggerDisplayAttribute",
        "System.Diagnostics.StackTraceHiddenAttribute", "System.Diagnostics.UnreachableException",
        "System.Globalization.NumberStyles",
        "System.Runtime.CompilerServices.DefaultInterpolatedStringHandler",
        "System.Runtime.CompilerServices.InlineArrayAttribute",
        "System.Runtime.CompilerServices.IsExternalInit", "System.Runtime.CompilerServices.IsUnmanaged",
        // Thrown by a switch over an enum that names every value, for a value that has no name.
        "System.Runtime.CompilerServices.SwitchExpressionException",
        "System.Runtime.CompilerServices.Unsafe", "System.Runtime.CompilerServices.MethodImplOptions",
        "System.Runtime.InteropServices.CollectionsMarshal",
        "System.Runtime.InteropServices.ImmutableCollectionsMarshal",
        "System.Runtime.InteropServices.InAttribute", "System.Runtime.InteropServices.MemoryMarshal",
        "System.Runtime.InteropServices.UnmanagedType", "System.Runtime.Intrinsics.X86.Sse42",
        "System.Runtime.Intrinsics.X86.Sse42+X64", "System.Runtime.Intrinsics.Arm.Crc32",
        "System.Runtime.Intrinsics.Arm.Crc32+Arm64",
        "System.Text.Unicode.Utf8",
        // Every delegate type declares a way to run it elsewhere, which no runtime has any more.
        "System.AsyncCallback", "System.IAsyncResult",
    ];

    // The rest of these types reads the process, the machine or the thread.
    private static readonly string[] Members =
    [
        "System.Object", "System.Object..ctor", "System.Object.Equals", "System.Object.ReferenceEquals",
        "System.Object.ToString", "System.Object.GetType",
        "System.Type", "System.Type.GetTypeFromHandle", "System.Type.op_Equality",
        "System.Type.op_Inequality", "System.Reflection.MemberInfo", "System.Reflection.MemberInfo.get_Name",
        "System.Reflection.DefaultMemberAttribute", "System.Reflection.DefaultMemberAttribute..ctor",
        "System.Globalization.CultureInfo", "System.Globalization.CultureInfo.get_InvariantCulture",
        "System.Runtime.CompilerServices.RuntimeHelpers",
        "System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack",
        "System.Runtime.CompilerServices.RuntimeHelpers.InitializeArray",
        "System.Runtime.CompilerServices.RuntimeHelpers.CreateSpan",
        "System.Runtime.CompilerServices.RuntimeHelpers.GetSubArray",
        "System.Runtime.CompilerServices.RuntimeHelpers.IsReferenceOrContainsReferences",
        "System.Math", "System.Math.Abs", "System.Math.BigMul", "System.Math.Ceiling", "System.Math.Clamp",
        "System.Math.DivRem", "System.Math.Floor", "System.Math.Max", "System.Math.Min", "System.Math.Round",
        "System.Math.Sign", "System.Math.Sqrt", "System.Math.Truncate",
        // A digest is a function of its bytes.
        "System.Security.Cryptography.SHA256", "System.Security.Cryptography.SHA256.HashData",
        // The compiler's iterators ask which thread made them, to hand out themselves as first enumerator.
        "System.Environment", "System.Environment.get_CurrentManagedThreadId",
    ];

    // Hash codes of strings differ from process to process; unordered sets enumerate by them.
    private static readonly string[] Refused =
    [
        "System.String.GetHashCode", "System.Object.GetHashCode", "System.ValueType.GetHashCode",
        "System.StringComparer.GetHashCode", "System.StringComparer.get_CurrentCulture",
        "System.StringComparer.get_CurrentCultureIgnoreCase", "System.StringComparer.Create",
        "System.Linq.Enumerable.ToDictionary", "System.Linq.Enumerable.ToHashSet",
        "System.Linq.Enumerable.Shuffle", "System.Text.Json.JsonSerializer",
        "System.Collections.Generic.HashSet`1", "System.Collections.Generic.HashSet`1+Enumerator",
        "System.Collections.Generic.Dictionary`2+Enumerator",
        "System.Collections.Generic.Dictionary`2+KeyCollection",
        "System.Collections.Generic.Dictionary`2+ValueCollection",
        "System.Collections.Generic.Dictionary`2.GetEnumerator",
        "System.Collections.Generic.Dictionary`2.get_Keys",
        "System.Collections.Generic.Dictionary`2.get_Values", "System.Collections.Hashtable",
    ];

    // Attributes that the compiler writes carry no behaviour, but for these.
    private static readonly string[] RefusedAttributes =
    [
        "AsyncStateMachineAttribute", "AsyncIteratorStateMachineAttribute", "ModuleInitializerAttribute",
        "UnsafeAccessorAttribute",
    ];

    /// <summary>The references that are not allowed, by name.</summary>
    public static IReadOnlyList<string> Violations(ReadOnlySpan<byte> image) =>
        [.. ReferencedMembers.Of(image).Where(r => !IsAllowed(r)).Select(r => r.ToString())];

    private static bool IsAllowed(Reference reference)
    {
        if (Refused.Contains(reference.TypeName) || Refused.Contains(reference.ToString())) return false;
        return Namespaces.Contains(reference.Namespace)
            || Types.Contains(reference.TypeName)
            || Members.Contains(reference.ToString())
            || IsCompilersAttribute(reference);
    }

    private static bool IsCompilersAttribute(Reference reference) =>
        reference.Type.EndsWith("Attribute", StringComparison.Ordinal)
        && !RefusedAttributes.Contains(reference.Type)
        && (reference.Namespace is "System.Runtime.CompilerServices" or "System.Runtime.Versioning"
            || (reference.Namespace == "System.Reflection"
                && reference.Type.StartsWith("Assembly", StringComparison.Ordinal)));
}
