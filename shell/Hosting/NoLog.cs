using System.Security.Cryptography;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>The log of a node that promises nothing across restarts: workers and clients.</summary>
public sealed class NoLog : INodeLog
{
    public RecoveredLog Recovered => RecoveredLog.Nothing;

    public BootId Boot { get; } = new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));

    public void Append(WalRecord record) => throw Refusal();

    public void Flush()
    {
    }

    public void Snapshot(long lsn, ReadOnlyMemory<byte> state) => throw Refusal();

    public void Stop()
    {
    }

    private static InvariantViolationException Refusal() =>
        new("a node without a log appends nothing", nameof(NoLog), 0);
}
