using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Shell.Disk;

/// <summary>A node's data directory: what it held at start, and its log and snapshots from then on.</summary>
/// <remarks>All callbacks come from the store's own thread and must not block on the thread that appends.
/// After the failure callback nothing more is written and nothing more becomes durable: the process must
/// end, and the next start finds what is really on disk.</remarks>
public sealed class WalStore : IDisposable
{
    private readonly DataDirectory _directory;
    private readonly WalWriter _writer;
    private readonly Thread _thread;
    private readonly Action<Exception> _onFailed;

    private WalStore(
        DataDirectory directory, WalOpening opening, WalWriter writer, Action<Exception> onFailed)
    {
        _directory = directory;
        _writer = writer;
        _onFailed = onFailed;
        Recovered = opening.Recovered;
        Boot = opening.Boot;
        Notes = opening.Notes;
        _thread = new Thread(Work) { Name = "wal", IsBackground = true };
    }

    /// <summary>What the disk held; all of it is durable.</summary>
    public RecoveredLog Recovered { get; private set; }

    /// <summary>This start's identity; on disk before <see cref="Open"/> returned.</summary>
    public BootId Boot { get; }

    /// <summary>What an operator should know about the opening, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Records appended and not yet being written; a measure of how far the disk is
    /// behind.</summary>
    public int Pending => _writer.Pending;

    /// <summary>Opens, recovers and locks a data directory; makes it where it does not exist.</summary>
    /// <param name="owner">Whose directory it is.</param>
    /// <param name="onDurable">Every record up to this LSN is on disk; ascending.</param>
    /// <param name="onSnapshotDurable">The snapshot that covers all records up to this LSN is on
    /// disk.</param>
    /// <param name="onFailed">At most once: the disk failed.</param>
    /// <exception cref="DataDirectoryException">The directory may not be used; the message says why and what
    /// is needed.</exception>
    /// <exception cref="DiskFailureException">The disk failed while opening.</exception>
    public static WalStore Open(
        string directory,
        DiskOwner owner,
        WalOptions options,
        Action<long> onDurable,
        Action<long> onSnapshotDurable,
        Action<Exception> onFailed)
    {
        var disk = DataDirectory.Open(directory);
        try
        {
            var opening = WriteAheadLog.Open(options, owner.NewStart(), disk.Read());
            if (opening.Fault is { } fault)
            {
                throw new DataDirectoryException(
                    $"the data directory {directory} is refused: {fault.Message}");
            }

            foreach (var command in opening.Plan) disk.Execute(command);
            var writer = new WalWriter(
                opening.Log!, disk, options.SealAfter, onDurable, onSnapshotDurable, onFailed);
            var store = new WalStore(disk, opening, writer, onFailed);
            store._thread.Start();
            return store;
        }
        catch
        {
            disk.Dispose();
            throw;
        }
    }

    /// <summary>Lets go of what the disk held, which can be a large part of the memory.</summary>
    public void ForgetRecovered() => Recovered = RecoveredLog.Nothing;

    /// <summary>Queues a record; its LSN is one more than the last one's. Written after <see cref="Flush"/>.
    /// </summary>
    public void Append(WalRecord record) => _writer.Append(record);

    /// <summary>Ends a host's batch: what was appended may be written.</summary>
    public void Flush() => _writer.Flush();

    /// <summary>Queues a snapshot that covers all records up to <paramref name="lsn"/>, all of which were
    /// appended before; <paramref name="state"/> must not change afterwards.</summary>
    public void Snapshot(long lsn, ReadOnlyMemory<byte> state) => _writer.Snapshot(lsn, state);

    /// <summary>Writes everything queued, closes and unlocks the directory. Nothing may be appended after it.
    /// From one of the callbacks it only asks for that.</summary>
    public void Stop()
    {
        _writer.Stop();
        if (Thread.CurrentThread != _thread) _thread.Join();
    }

    public void Dispose() => Stop();

    private void Work()
    {
        _writer.Run();
        try
        {
            _directory.Dispose();
        }
        catch (DiskFailureException e)
        {
            _onFailed(e);
        }
    }
}
