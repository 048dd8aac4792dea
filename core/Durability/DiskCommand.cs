namespace Hyperscale.Det.Durability;

/// <summary>One operation on a data directory. A plan is a list of them, carried out one after another: the
/// next starts only once the one before has succeeded, and after a failure nothing more is done.</summary>
/// <remarks>File names are plain names inside the directory. What a crash leaves: bytes written and not yet
/// synced may be there in any part; names created, renamed or deleted and not yet covered by a directory sync
/// may each be there or not; a rename shows one of its two ends.</remarks>
public abstract record DiskCommand
{
    private DiskCommand() { }

    /// <summary>Makes the file anew, <paramref name="Length"/> zero bytes that are really written: a length
    /// alone reserves no blocks.</summary>
    public sealed record CreateFile(string Name, long Length) : DiskCommand;

    public sealed record Write(string Name, long Offset, ReadOnlyMemory<byte> Bytes) : DiskCommand;

    /// <summary>Forces the file's bytes and length to disk.</summary>
    public sealed record SyncFile(string Name) : DiskCommand;

    /// <summary>Forces the directory's names to disk.</summary>
    public sealed record SyncDirectory : DiskCommand;

    /// <summary>Atomic; replaces a file that has the name already.</summary>
    public sealed record Rename(string From, string To) : DiskCommand;

    public sealed record Delete(string Name) : DiskCommand;

    /// <summary>Moves the file, under its name, into a directory below this one, which is made where it does
    /// not exist. Durable with the next <see cref="SyncDirectory"/>.</summary>
    public sealed record SetAside(string Name, string Into) : DiskCommand;

    /// <summary>No operation: reports that every record up to <paramref name="Lsn"/> is durable.</summary>
    public sealed record AnnounceDurable(long Lsn) : DiskCommand;

    /// <summary>No operation: reports that the snapshot at <paramref name="Lsn"/> is durable.</summary>
    public sealed record AnnounceSnapshot(long Lsn) : DiskCommand;
}

/// <summary>A file of a data directory as found at start, or a directory in it, which has no bytes.</summary>
/// <param name="Bytes">Its content where <see cref="WalFiles.IsRead"/> asks for it, else empty.</param>
public sealed record DiskFile(string Name, long Length, ReadOnlyMemory<byte> Bytes);
