using System.Globalization;

namespace Hyperscale.Det.Kernel;

/// <summary>One start of one node's process: two starts never share it, whatever their clocks say.</summary>
public readonly record struct BootId(ulong Value)
{
    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}
