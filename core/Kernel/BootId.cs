using System.Globalization;

namespace Hyperscale.Det.Kernel;

/// <summary>One start of one node's process: two starts never share it, whatever their clocks say.</summary>
public readonly record struct BootId(ulong Value)
{
    /// <summary>Of a node with a disk: how often it was started, on disk before the start answers
    /// anyone.</summary>
    public uint Starts => unchecked((uint)Value);

    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}
