using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Resources;

/// <summary>What is guarded, each by itself.</summary>
public enum GuardDimension : byte { Cpu, Memory, FileDescriptors }

/// <summary>How far a workload has gone over its budget; each level includes those below it.</summary>
public enum GuardLevel : byte { None, Warn, Throttle, Kill }

public abstract record GuardInput
{
    private GuardInput() { }

    /// <summary>The tree was looked at.</summary>
    /// <param name="MemoryTotalBytes">Of the machine; 0 where it is not known.</param>
    public sealed record Sampled(TreeReading Reading, long MemoryTotalBytes) : GuardInput;

    public sealed record Tick : GuardInput;

    /// <summary>What is being killed may not take longer than this to end by itself.</summary>
    public sealed record Hasten(Instant Until) : GuardInput;

    /// <summary>Nothing of the tree is left.</summary>
    public sealed record Exited : GuardInput;
}

public abstract record GuardEffect
{
    private GuardEffect() { }

    /// <summary>The level of one dimension moved by one.</summary>
    public sealed record ChangeLevel(GuardDimension Dimension, GuardLevel From, GuardLevel To) : GuardEffect;

    /// <summary>Holds the tree back, in place of any order before.</summary>
    public sealed record Throttle(ThrottleOrder Order) : GuardEffect;

    /// <summary>Lets the tree run freely again.</summary>
    public sealed record Resume : GuardEffect;

    /// <summary>Starts no further virtual user until it is let go on; those that are at work are
    /// not disturbed.</summary>
    public sealed record HoldRamp(bool IsHeld) : GuardEffect;

    /// <summary>Asks every process of the tree to end (SIGTERM).</summary>
    public sealed record Terminate : GuardEffect;

    /// <summary>Ends every process of the tree (SIGKILL); sent again until nothing is left.</summary>
    public sealed record Kill : GuardEffect;
}

/// <summary>How a tree is held back: by a quota where the host has one, else by pausing it for part of the
/// time.</summary>
/// <param name="CpuPercent">The quota; 100 is one core.</param>
/// <param name="RunPermille">Of the time in which the tree may run, 1 to 1000.</param>
public readonly record struct ThrottleOrder(int CpuPercent, int RunPermille);

public enum GuardVerdict : byte
{
    Accepted,

    /// <summary>Not later than a reading before.</summary>
    Stale,

    /// <summary>The tree is being killed, or is gone.</summary>
    Ending,
}
