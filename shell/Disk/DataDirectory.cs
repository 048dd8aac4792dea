using Hyperscale.Det.Durability;

namespace Hyperscale.Det.Shell.Disk;

/// <summary>Carries out disk commands; the first that fails throws, and nothing may follow it.</summary>
public interface IDisk
{
    void Execute(DiskCommand command);
}

/// <summary>A directory on the real disk, locked for this process alone.</summary>
public sealed class DataDirectory : IDisk, IDisposable
{
    private const string LockFile = "lock";
    private const int ZeroBytes = 1024 * 1024;
    private const int WriteBytesMax = 16 * 1024 * 1024;

    private static readonly byte[] Zeros = new byte[ZeroBytes];

    private readonly string _path;
    private readonly int _lock;
    private readonly int _directory;
    private readonly Dictionary<string, int> _open = [];
    private bool _isDisposed;

    private DataDirectory(string path, int lockDescriptor, int directory)
    {
        _path = path;
        _lock = lockDescriptor;
        _directory = directory;
    }

    /// <summary>Opens and locks a directory; makes it where it does not exist.</summary>
    /// <exception cref="DataDirectoryException">Another process has it, or it cannot be made or written.
    /// </exception>
    public static DataDirectory Open(string path)
    {
        path = Path.GetFullPath(path);
        var lockPath = Path.Combine(path, LockFile);
        try
        {
            MakeDurably(path);
            var held = NativeDisk.OpenOrCreateFile(lockPath);
            if (NativeDisk.TryLock(held, lockPath))
                return new DataDirectory(path, held, NativeDisk.OpenDirectory(path));
            NativeDisk.Close(held, lockPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataDirectoryException(
                $"the data directory {path} cannot be used: {e.Message}; it must be a directory that this "
                + "user may write");
        }

        throw new DataDirectoryException(
            $"the data directory {path} is in use by another process, which holds the lock on {lockPath}; "
            + "every node needs a directory of its own");
    }

    /// <summary>The files and directories there are, with the bytes of those that opening a log
    /// reads.</summary>
    public IReadOnlyList<DiskFile> Read()
    {
        var files = new List<DiskFile>();
        foreach (var entry in new DirectoryInfo(_path).EnumerateFileSystemInfos())
        {
            var file = entry as FileInfo;
            var bytes = file is not null && WalFiles.IsRead(file.Name) ? ReadFile(file.FullName) : [];
            files.Add(new DiskFile(entry.Name, file?.Length ?? 0, bytes));
        }

        return files;
    }

    public void Execute(DiskCommand command)
    {
        switch (command)
        {
            case DiskCommand.CreateFile create:
                Create(create);
                break;
            case DiskCommand.Write write:
                Write(write);
                break;
            case DiskCommand.SyncFile sync:
                NativeDisk.SyncData(Descriptor(sync.Name), PathOf(sync.Name));
                break;
            case DiskCommand.SyncDirectory:
                NativeDisk.Sync(_directory, _path);
                break;
            case DiskCommand.Rename rename:
                CloseFile(rename.From);
                CloseFile(rename.To);
                NativeDisk.Rename(PathOf(rename.From), PathOf(rename.To));
                break;
            case DiskCommand.Delete delete:
                CloseFile(delete.Name);
                NativeDisk.Delete(PathOf(delete.Name));
                break;
            case DiskCommand.SetAside aside:
                SetAside(aside);
                break;
            case DiskCommand.AnnounceDurable or DiskCommand.AnnounceSnapshot:
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"unhandled {command}");
        }
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (var name in _open.Keys.ToArray()) CloseFile(name);
        NativeDisk.Close(_directory, _path);
        NativeDisk.Close(_lock, PathOf(LockFile));
    }

    /// <summary>Makes the directory and those above it, each with its name on disk.</summary>
    private static void MakeDurably(string path)
    {
        if (Directory.Exists(path)) return;
        var parent = Path.GetDirectoryName(path);
        if (parent is not null) MakeDurably(parent);
        Directory.CreateDirectory(path);
        if (parent is not null) NativeDisk.SyncNames(parent);
    }

    /// <summary>What the system cannot read is a failure of the disk, not damage that it would report.
    /// </summary>
    private static byte[] ReadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiskFailureException(path, "read", e.Message);
        }
    }

    private void SetAside(DiskCommand.SetAside aside)
    {
        CloseFile(aside.Name);
        var into = PathOf(aside.Into);
        NativeDisk.MakeDirectory(into);
        NativeDisk.Rename(PathOf(aside.Name), Path.Combine(into, aside.Name));
        NativeDisk.SyncNames(into);
    }

    private void Create(DiskCommand.CreateFile create)
    {
        CloseFile(create.Name);
        var path = PathOf(create.Name);
        var descriptor = NativeDisk.CreateFile(path);
        _open.Add(create.Name, descriptor);
        for (var offset = 0L; offset < create.Length; offset += ZeroBytes)
        {
            var count = (int)Math.Min(ZeroBytes, create.Length - offset);
            NativeDisk.Write(descriptor, path, offset, Zeros.AsSpan(0, count));
        }
    }

    private void Write(DiskCommand.Write write)
    {
        var descriptor = Descriptor(write.Name);
        var path = PathOf(write.Name);
        for (var done = 0; done < write.Bytes.Length; done += WriteBytesMax)
        {
            var count = Math.Min(WriteBytesMax, write.Bytes.Length - done);
            NativeDisk.Write(descriptor, path, write.Offset + done, write.Bytes.Span.Slice(done, count));
        }
    }

    private int Descriptor(string name)
    {
        if (_open.TryGetValue(name, out var descriptor)) return descriptor;
        descriptor = NativeDisk.OpenFile(PathOf(name));
        _open.Add(name, descriptor);
        return descriptor;
    }

    private void CloseFile(string name)
    {
        if (_open.Remove(name, out var descriptor)) NativeDisk.Close(descriptor, PathOf(name));
    }

    private string PathOf(string name) => Path.Combine(_path, name);
}
