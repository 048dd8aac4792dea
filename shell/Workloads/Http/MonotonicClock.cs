using System.Diagnostics;
using System.Runtime.InteropServices;
using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Shell.Workloads.Http;

/// <summary>The system's monotonic clock, and sleeping until one of its instants.</summary>
internal static partial class MonotonicClock
{
    private const int Monotonic = 1;
    private const int Absolute = 1;
    private const int Interrupted = 4;
    private const long Second = 1_000_000_000;

    // The stopwatch reads the same clock in nanoseconds on Linux.
    public static long Nanoseconds => Stopwatch.GetTimestamp();

    /// <summary>Sleeps until an instant; interrupted or not, it has passed on return.</summary>
    public static unsafe void SleepUntil(long nanoseconds)
    {
        var until = stackalloc long[] { nanoseconds / Second, nanoseconds % Second };
        int error;
        while ((error = Sleep(Monotonic, Absolute, until, null)) != 0)
            if (error != Interrupted) throw NativeProcess.Failure("clock_nanosleep", error);
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static unsafe partial int Sleep(int clock, int flags, long* until, long* rest);
}
