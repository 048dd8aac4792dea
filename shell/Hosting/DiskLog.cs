using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Disk;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>The log of a gate or manager: a write-ahead log in the node's data directory.</summary>
public sealed class DiskLog : INodeLog
{
    private readonly WalStore _store;

    private DiskLog(WalStore store) => _store = store;

    public RecoveredLog Recovered => _store.Recovered;

    public BootId Boot => _store.Boot;

    /// <summary>What an operator should know about the opening, one sentence each.</summary>
    public IReadOnlyList<string> Notes => _store.Notes;

    /// <exception cref="DataDirectoryException">The directory may not be used.</exception>
    /// <exception cref="DiskFailureException">The disk failed while opening.</exception>
    public static DiskLog Open(
        string directory, DiskOwner owner, WalOptions options, INodeLogObserver observer) =>
        new(WalStore.Open(
            directory, owner, options,
            observer.OnDurable, observer.OnSnapshotDurable, observer.OnFailed));

    public void ForgetRecovered() => _store.ForgetRecovered();

    public void Append(WalRecord record) => _store.Append(record);

    public void Flush() => _store.Flush();

    public void Snapshot(long lsn, ReadOnlyMemory<byte> state) => _store.Snapshot(lsn, state);

    public void Stop() => _store.Stop();
}
