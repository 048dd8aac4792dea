using System.Globalization;
using System.Runtime.InteropServices;

namespace Hyperscale.Det.Shell.Disk;

/// <summary>The system refused a disk operation. Never retried on the same file: after a failed sync nobody
/// knows what is on disk.</summary>
public sealed class DiskFailureException : IOException
{
    public DiskFailureException(string file, string operation, int errorNumber)
        : this(file, operation, Describe(errorNumber)) => ErrorNumber = errorNumber;

    public DiskFailureException(string file, string operation, string reason)
        : base($"{operation} of {file} failed: {reason}")
    {
        File = file;
        Operation = operation;
    }

    public string File { get; }

    public string Operation { get; }

    /// <summary>The system's errno; 0 where the operation did less than asked without an error.</summary>
    public int ErrorNumber { get; }

    private static string Describe(int number) => string.Create(
        CultureInfo.InvariantCulture, $"{Marshal.GetPInvokeErrorMessage(number)} (errno {number})");
}

/// <summary>A data directory that this node may not use: locked, foreign, damaged or of another version.
/// </summary>
public sealed class DataDirectoryException(string message) : IOException(message);
