namespace Hyperscale.Det.Kernel;

/// <summary>A key with a hash that is the same on every host and in every process.</summary>
public interface IHashed
{
    /// <summary>Equal keys have equal hashes; every bit of it is spread.</summary>
    ulong Hash { get; }
}
