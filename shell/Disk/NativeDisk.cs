using System.Runtime.InteropServices;

namespace Hyperscale.Det.Shell.Disk;

/// <summary>The few system calls that durability rests on, with their errors.</summary>
/// <remarks>.NET's own flush returns normally on EROFS, EINVAL and ENOTSUP, and never syncs a directory;
/// hence these. Only EINTR is retried. The flag values are Linux's, equal on x86-64 and arm64.</remarks>
internal static partial class NativeDisk
{
    private const int Interrupted = 4;
    private const int WouldBlock = 11;
    private const int Exists = 17;
    private const int ReadWrite = 0x2;
    private const int Create = 0x40;
    private const int Truncate = 0x200;
    private const int CloseOnExec = 0x80000;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;

    public static int OpenFile(string path) => Open(path, ReadWrite | CloseOnExec);

    public static int OpenOrCreateFile(string path) => Open(path, ReadWrite | Create | CloseOnExec);

    public static int CreateFile(string path) => Open(path, ReadWrite | Create | Truncate | CloseOnExec);

    /// <summary>Opens a directory for syncing.</summary>
    public static int OpenDirectory(string path) => Open(path, CloseOnExec);

    /// <summary>Writes all bytes; a short write is a failure.</summary>
    public static unsafe void Write(int descriptor, string path, long offset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        nint written;
        fixed (byte* start = bytes)
        {
            do written = PositionalWrite(descriptor, start, (nuint)bytes.Length, offset);
            while (written < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        }

        if (written < 0) throw new DiskFailureException(path, "write", Marshal.GetLastPInvokeError());
        if (written == bytes.Length) return;
        throw new DiskFailureException(path, "write", $"only {written} of {bytes.Length} bytes were written");
    }

    /// <summary>Forces bytes and length to disk.</summary>
    public static void SyncData(int descriptor, string path)
    {
        while (FileDataSync(descriptor) != 0) ThrowUnlessInterrupted(path, "fdatasync");
    }

    /// <summary>Forces everything to disk; for directories, their names.</summary>
    public static void Sync(int descriptor, string path)
    {
        while (FileSync(descriptor) != 0) ThrowUnlessInterrupted(path, "fsync");
    }

    /// <summary>Forces a directory's names to disk.</summary>
    public static void SyncNames(string directory)
    {
        var descriptor = OpenDirectory(directory);
        try
        {
            Sync(descriptor, directory);
        }
        finally
        {
            Close(descriptor, directory);
        }
    }

    /// <summary>Makes a directory where it does not exist.</summary>
    public static void MakeDirectory(string path)
    {
        if (MakeNewDirectory(path, Convert.ToInt32("755", 8)) == 0) return;
        if (Marshal.GetLastPInvokeError() != Exists) throw Failure(path, "mkdir");
    }

    public static void Rename(string from, string to)
    {
        if (RenameFile(from, to) != 0) throw Failure($"{from} to {to}", "rename");
    }

    public static void Delete(string path)
    {
        if (Unlink(path) != 0) throw Failure(path, "unlink");
    }

    /// <summary>Takes the file's exclusive lock, which ends with the descriptor; false when another has it.
    /// </summary>
    public static bool TryLock(int descriptor, string path)
    {
        while (FileLock(descriptor, LockExclusive | LockNonBlocking) != 0)
        {
            if (Marshal.GetLastPInvokeError() == WouldBlock) return false;
            ThrowUnlessInterrupted(path, "flock");
        }

        return true;
    }

    /// <summary>Closes without retry: on Linux the descriptor is gone whatever close says.</summary>
    public static void Close(int descriptor, string path)
    {
        if (CloseDescriptor(descriptor) == 0) return;
        ThrowUnlessInterrupted(path, "close");
    }

    private static int Open(string path, int flags)
    {
        int descriptor;
        do descriptor = OpenDescriptor(path, flags, Convert.ToInt32("644", 8));
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return descriptor >= 0 ? descriptor : throw Failure(path, "open");
    }

    private static void ThrowUnlessInterrupted(string path, string operation)
    {
        if (Marshal.GetLastPInvokeError() != Interrupted) throw Failure(path, operation);
    }

    private static DiskFailureException Failure(string path, string operation) =>
        new(path, operation, Marshal.GetLastPInvokeError());

    [LibraryImport(
        "libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDescriptor(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static unsafe partial nint PositionalWrite(int descriptor, byte* bytes, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FileDataSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FileSync(int descriptor);

    [LibraryImport(
        "libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeNewDirectory(string path, int mode);

    [LibraryImport(
        "libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameFile(string from, string to);

    [LibraryImport(
        "libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FileLock(int descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);
}
