using System.Buffers.Text;
using System.Globalization;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Resources;

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
    public bool IsSame(in ProcessEntry other) => Id == other.Id && StartTicks == other.StartTicks;
}

/// <summary>All processes of the machine at about one moment.</summary>
internal static class ProcessScan
{
    // The longest line there is has 52 numbers and a name of 15 bytes.
    private const int StatBytesMax = 1200;

    /// <summary>Clock ticks and pages; both are 100 Hz and 4 KiB on most machines.</summary>
    public static readonly long NanosecondsPerTick = 1_000_000_000 / NativeProcess.SystemValue(2);

    public static readonly long PageBytes = NativeProcess.SystemValue(30);

    /// <summary>Every process, in no order; those that end meanwhile are left out.</summary>
    public static List<ProcessEntry> All()
    {
        var entries = new List<ProcessEntry>(256);
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            var name = Path.GetFileName(directory.AsSpan());
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            if (TryRead(id, out var entry)) entries.Add(entry);
        }

        return entries;
    }

    /// <summary>False when there is no such process any more.</summary>
    public static bool TryRead(int id, out ProcessEntry entry)
    {
        Span<byte> stat = stackalloc byte[StatBytesMax];
        entry = default;
        var length = NativeProcess.ReadFile($"/proc/{id}/stat", stat);
        return length > 0 && TryParse(id, stat[..length], out entry);
    }

    /// <summary>Reaps a process that was seen before, if it is still that one, has ended, and was adopted by
    /// this process.</summary>
    public static void ReapAdopted(in ProcessEntry seen)
    {
        if (!TryRead(seen.Id, out var now) || !now.IsSame(seen)) return;
        if (now.IsZombie && now.Parent == Environment.ProcessId) NativeProcess.ReapEnded(now.Id);
    }

    /// <summary>How many descriptors a process has open; 0 of one that is gone or out of reach.</summary>
    public static int DescriptorsOf(int id)
    {
        var path = $"/proc/{id}/fd";
        var counted = NativeProcess.SizeOf(path);
        // Kernels before 6.2 do not count them there.
        return counted > 0 ? (int)counted : CountEntries(path);
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
            numbers[20]);
        return true;
    }

    private static int CountEntries(string path)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(path).Count();
        }
        // Gone, or of another user.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
