namespace Hyperscale.Det.Shell.Disk;

/// <summary>A small file that is there whole or not at all.</summary>
internal static class DurableFile
{
    /// <exception cref="DiskFailureException">The disk failed; what is there is the old file or the
    /// new.</exception>
    public static void Write(string directory, string name, ReadOnlySpan<byte> bytes)
    {
        var path = Path.Combine(directory, name);
        var temporary = $"{path}.tmp";
        var file = NativeDisk.CreateFile(temporary);
        try
        {
            NativeDisk.Write(file, temporary, 0, bytes);
            NativeDisk.SyncData(file, temporary);
        }
        finally
        {
            NativeDisk.Close(file, temporary);
        }

        NativeDisk.Rename(temporary, path);
        NativeDisk.SyncNames(directory);
    }
}
