using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>A node's log as its host uses it; calls queue work and return at once.</summary>
public interface INodeLog
{
    RecoveredLog Recovered { get; }

    /// <summary>The node has what was recovered: it need not stay in memory.</summary>
    void ForgetRecovered()
    {
    }

    /// <summary>This start's identity, on disk where the node has one.</summary>
    BootId Boot { get; }

    void Append(WalRecord record);

    /// <summary>Ends a batch: what was appended may be written.</summary>
    void Flush();

    void Snapshot(long lsn, ReadOnlyMemory<byte> state);

    /// <summary>Writes what is queued, then closes; blocks until done.</summary>
    void Stop();
}

/// <summary>What a log tells its host, from a thread of its own; none of these blocks.</summary>
public interface INodeLogObserver
{
    void OnDurable(long lsn);

    void OnSnapshotDurable(long lsn);

    /// <summary>The disk failed: nothing more becomes durable and the node must stop.</summary>
    void OnFailed(Exception failure);
}
