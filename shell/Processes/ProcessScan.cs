using System.Buffers.Text;
using System.Globalization;

namespace Hyperscale.Det.Shell.Processes;

/// <summary>A process as <c>/proc/[pid]/stat</c> shows it; times in clock ticks.</summary>
internal readonly record struct ProcessEntry(
    int Id,
    int Parent,
    int Group,
    int Session,
    bool IsZombie,
    long StartTicks,
    long CpuTicks,
    long ReapedTicks,
    long ResidentPages)
{
    /// <summary>A signal holds it, or a debugger.</summary>
    public bool IsStopped { get; init; }

    public bool IsSame(in ProcessEntry other) => Id == other.Id && StartTicks == other.StartTicks;
}

/// <summary>What became of a look at a process.</summary>
internal enum ProcessLook : byte
{
    Found,

    /// <summary>There is no such process any more.</summary>
    Gone,

    /// <summary>It is there, and not for us to read.</summary>
    Denied,

    /// <summary>It could not be read now: nothing is known of it.</summary>
    Lost,
}

/// <summary>Reads processes, and does to them only what was meant for them: an id is checked by its start, as
/// ids are used again.</summary>
internal static class ProcessScan
{
    private const string Proc = "/proc";

    // The longest line there is has 52 numbers and a name of 15 bytes.
    private const int StatBytesMax = 1200;

    // Some 50 lines; only that of the groups a user is in can be long.
    private const int StatusBytesMax = 16 * 1024;

    /// <summary>Clock ticks and pages; both are 100 Hz and 4 KiB on most machines.</summary>
    public static readonly long NanosecondsPerTick = 1_000_000_000 / NativeProcess.SystemValue(2);

    public static readonly long PageBytes = NativeProcess.SystemValue(30);

    /// <summary>All processes of the machine at about one moment; those that end meanwhile are left
    /// out.</summary>
    /// <exception cref="IOException">They cannot be listed.</exception>
    public static ProcessSnapshot All(string proc = Proc)
    {
        var entries = new List<ProcessEntry>(256);
        var denied = new HashSet<int>();
        var isPartial = false;
        foreach (var directory in Directory.EnumerateDirectories(proc))
        {
            var name = Path.GetFileName(directory.AsSpan());
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            var look = Read(id, out var entry, proc);
            if (look == ProcessLook.Found) entries.Add(entry);
            else if (look == ProcessLook.Denied) denied.Add(id);
            isPartial |= look == ProcessLook.Lost;
        }

        return new ProcessSnapshot(entries, denied, isPartial);
    }

    public static ProcessLook Read(int id, out ProcessEntry entry, string proc = Proc)
    {
        Span<byte> stat = stackalloc byte[StatBytesMax];
        entry = default;
        var length = NativeProcess.ReadFile($"{proc}/{id}/stat", stat);
        if (length > 0) return TryParse(id, stat[..length], out entry) ? ProcessLook.Found : ProcessLook.Lost;
        return -length switch
        {
            0 or NativeProcess.NoSuchFile or NativeProcess.NoSuchProcess => ProcessLook.Gone,
            NativeProcess.NotPermitted or NativeProcess.AccessDenied => ProcessLook.Denied,
            _ => ProcessLook.Lost,
        };
    }

    /// <summary>The start of a process, in clock ticks since the machine's; null if there is none.</summary>
    public static long? StartOf(int id) =>
        Read(id, out var entry) == ProcessLook.Found ? entry.StartTicks : null;

    /// <summary>Signals a process that was seen before, if it is still that one; whether it was.</summary>
    public static bool Signal(in ProcessEntry seen, int signal)
    {
        if (seen.Id < NativeProcess.IdMin) return false;
        // Nobody else gets what is sent to the handle, and it was opened before the start was looked at.
        var handle = NativeProcess.OpenProcess(seen.Id);
        try
        {
            if (Read(seen.Id, out var now) != ProcessLook.Found || !now.IsSame(seen)) return false;
            if (handle >= 0) NativeProcess.SignalOpened(handle, signal);
            // A kernel before 5.3, or no descriptor is left.
            else NativeProcess.Signal(seen.Id, signal);
            return true;
        }
        finally
        {
            if (handle >= 0) NativeProcess.Close(handle);
        }
    }

    /// <summary>Signals the group that a process was seen in, if it is still that process and in that
    /// group; whether it was.</summary>
    public static bool SignalGroup(in ProcessEntry seen, int signal)
    {
        if (seen.Group < NativeProcess.IdMin || Read(seen.Id, out var now) != ProcessLook.Found) return false;
        if (!now.IsSame(seen) || now.Group != seen.Group) return false;
        NativeProcess.SignalGroup(seen.Group, signal);
        return true;
    }

    /// <summary>Reaps a process that was seen before, if it is still that one, has ended, and was adopted by
    /// this process.</summary>
    public static void ReapAdopted(in ProcessEntry seen)
    {
        if (Read(seen.Id, out var now) != ProcessLook.Found || !now.IsSame(seen)) return;
        if (now.IsZombie && now.Parent == Environment.ProcessId) NativeProcess.ReapEnded(now.Id);
    }

    /// <summary>How many descriptors a process has open; 0 of one that is gone. Before kernel 6.2 those of
    /// another user's are not shown and count as 0, too: its time and memory are known
    /// nevertheless.</summary>
    /// <exception cref="IOException">They cannot be counted now.</exception>
    public static int DescriptorsOf(int id)
    {
        var path = $"{Proc}/{id}/fd";
        var counted = NativeProcess.SizeOf(path);
        // Kernels before 6.2 do not count them there.
        return counted > 0 ? (int)counted : CountEntries(path);
    }

    /// <summary>Memory of a process's own, in bytes: what control groups count of it, without mapped files; 0
    /// of one that is gone or has ended.</summary>
    /// <exception cref="IOException">It cannot be read now.</exception>
    public static long OwnMemoryOf(int id, string proc = Proc)
    {
        Span<byte> status = stackalloc byte[StatusBytesMax];
        var path = $"{proc}/{id}/status";
        var length = NativeProcess.ReadFile(path, status);
        if (-length is NativeProcess.NoSuchFile or NativeProcess.NoSuchProcess) return 0;
        if (length < 0) throw new IOException($"{path} cannot be read");
        var read = status[..length];
        return (KilobytesIn(read, "\nRssAnon:"u8) + KilobytesIn(read, "\nRssShmem:"u8)) * 1024;
    }

    /// <summary>Reads a stat line; false when it is none.</summary>
    internal static bool TryParse(int id, ReadOnlySpan<byte> stat, out ProcessEntry entry)
    {
        entry = default;
        // The name, in parentheses, may itself hold spaces and parentheses.
        var rest = stat[(stat.LastIndexOf((byte)')') + 1)..];
        if (rest.Length < 4) return false;
        var state = rest[1];
        rest = rest[2..];
        // Field 4 of the manual is the first of these.
        Span<long> numbers = stackalloc long[21];
        for (var i = 0; i < numbers.Length; i++)
        {
            rest = rest.TrimStart((byte)' ');
            if (!Utf8Parser.TryParse(rest, out numbers[i], out var used))
            {
                // Signals and the like can be larger than a long.
                if (!Utf8Parser.TryParse(rest, out ulong _, out used)) return false;
            }

            rest = rest[used..];
        }

        entry = new ProcessEntry(
            id,
            (int)numbers[0],
            (int)numbers[1],
            (int)numbers[2],
            state is (byte)'Z' or (byte)'X',
            numbers[18],
            numbers[10] + numbers[11],
            numbers[12] + numbers[13],
            numbers[20])
        {
            IsStopped = state is (byte)'T' or (byte)'t',
        };
        return true;
    }

    private static long KilobytesIn(ReadOnlySpan<byte> status, ReadOnlySpan<byte> name)
    {
        var at = status.IndexOf(name);
        if (at < 0) return 0;
        return Utf8Parser.TryParse(status[(at + name.Length)..].TrimStart(" \t"u8), out long number, out _)
            ? number
            : 0;
    }

    private static int CountEntries(string path)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(path).Count();
        }
        catch (UnauthorizedAccessException)
        {
            return 0;
        }
        // The kernel tells in more than one way that it ended meanwhile.
        catch (IOException) when (!Directory.Exists(Path.GetDirectoryName(path)))
        {
            return 0;
        }
    }
}
