using System.Runtime.InteropServices;

namespace Hyperscale.Det.Shell.Processes;

/// <summary>The system calls that workloads are started, signalled and awaited with.</summary>
/// <remarks>.NET's own process class cannot start a session, pass a descriptor or wait for a child that it
/// adopted. The numbers are Linux's, equal on x86-64 and arm64.</remarks>
internal static partial class NativeProcess
{
    public const int SignalKill = 9;
    public const int SignalTerminate = 15;
    public const int SignalContinue = 18;
    public const int SignalStop = 19;
    public const int NoSuchFile = 2;
    public const int Interrupted = 4;
    public const int NoSuchProcess = 3;
    public const int NoChild = 10;
    public const int NotPermitted = 1;
    public const int AccessDenied = 13;

    public const short SetGroup = 0x02;
    public const short SetDefaultSignals = 0x04;
    public const short SetSignalMask = 0x08;
    public const short SetSession = 0x80;

    public const int ReadOnly = 0;
    public const int CloseOnExec = 0x80000;

    private const int All = 0;
    private const int ByPid = 1;
    private const int Exited = 4;
    private const int LeaveWaitable = 0x1000000;
    private const int NoHang = 1;
    private const int SetDescriptorFlags = 2;
    private const int DescriptorCloseOnExec = 1;
    private const int ParentDeathSignal = 1;
    private const int TimerSlack = 29;
    private const int ChildSubreaper = 36;
    private const int SignalInfoBytes = 128;
    private const int SignalInfoIdAt = 16;
    private const int ExtendedStatBytes = 256;
    private const int ExtendedStatSizeAt = 40;
    private const int StatSize = 0x200;
    private const int AtWorkingDirectory = -100;
    private const int ProcessOpenCall = 434;
    private const int ProcessSignalCall = 424;

    /// <summary>Smallest id of a process or group that may be signalled: 0, 1 and negative ones stand for a
    /// whole group, the first process of all, or everybody.</summary>
    public const int IdMin = 2;

    /// <summary>Signals a process whose id cannot be another's by now: a child that was not waited for, or
    /// this process; one that has ended is no failure.</summary>
    public static void Signal(int pid, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pid, IdMin);
        Judge("kill", Kill(pid, signal));
    }

    /// <summary>Signals a process group; one that is gone is no failure.</summary>
    public static void SignalGroup(int group, int signal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(group, IdMin);
        Judge("kill", Kill(-group, signal));
    }

    /// <summary>A descriptor that stands for the process which has this id now, whoever has it later; -1
    /// where there is none to be had.</summary>
    public static int OpenProcess(int pid) => (int)SystemCall(ProcessOpenCall, pid, 0, 0, 0);

    /// <summary>Signals a process that was opened; one that has ended is no failure.</summary>
    public static void SignalOpened(int descriptor, int signal) =>
        Judge("pidfd_send_signal", (int)SystemCall(ProcessSignalCall, descriptor, signal, 0, 0));

    private static void Judge(string call, int result)
    {
        if (result == 0) return;
        var error = Marshal.GetLastPInvokeError();
        // A process that changed its user is out of reach; whoever waits for it goes on waiting.
        if (error is NoSuchProcess or NotPermitted) return;
        throw Failure(call, error);
    }

    /// <summary>Waits until a child has ended and leaves it to be reaped, so that its id stays
    /// taken.</summary>
    public static void AwaitEnd(int pid)
    {
        if (AwaitAnyEnd(pid) == 0) throw Failure("waitid", NoChild);
    }

    /// <summary>Waits for a child (any when <paramref name="pid"/> is -1) and reaps it; its id, or 0 when
    /// there is no such child. <paramref name="exitCode"/> is 128 plus the signal for one that a signal
    /// ended.</summary>
    public static int Reap(int pid, out int exitCode)
    {
        int ended, reaped = 0, status = 0;
        // Whoever reaps what has ended before we do leaves us to wait for another one.
        while ((ended = AwaitAnyEnd(pid)) != 0 && (reaped = ReapEnded(ended, out status)) == 0)
        {
        }

        var signal = status & 0x7f;
        exitCode = signal == 0 ? (status >> 8) & 0xff : 128 + signal;
        return reaped;
    }

    /// <summary>Reaps a child if it has ended; never waits.</summary>
    public static void ReapEnded(int pid) => ReapEnded(pid, out _);

    private static int ReapEnded(int pid, out int status)
    {
        var ended = 0;
        var reaped = OwnChildren.Reap(() => WaitPid(pid, out ended));
        status = ended;
        return reaped;
    }

    private static unsafe int WaitPid(int pid, out int status)
    {
        int reaped, ended = 0;
        while ((reaped = WaitPid(pid, &ended, NoHang)) < 0)
        {
            status = 0;
            var error = Marshal.GetLastPInvokeError();
            if (error == NoChild) return 0;
            if (error != Interrupted) throw Failure("waitpid", error);
        }

        status = ended;
        return reaped;
    }

    /// <summary>Waits until a child (any when <paramref name="pid"/> is -1) has ended; its id, or 0 when
    /// there is no such child.</summary>
    private static unsafe int AwaitAnyEnd(int pid)
    {
        var info = stackalloc byte[SignalInfoBytes];
        while (WaitId(pid < 0 ? All : ByPid, Math.Max(0, pid), info, Exited | LeaveWaitable) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == NoChild) return 0;
            if (error != Interrupted) throw Failure("waitid", error);
        }

        return *(int*)(info + SignalInfoIdAt);
    }

    /// <summary>Makes this process the parent of every orphan among its descendants.</summary>
    public static void AdoptOrphans()
    {
        if (ProcessControl(ChildSubreaper, 1) != 0) throw Failure("prctl", Marshal.GetLastPInvokeError());
    }

    /// <summary>Has the kernel kill this process when the thread that started it ends.</summary>
    public static void DieWithParent()
    {
        if (ProcessControl(ParentDeathSignal, SignalKill) != 0)
            throw Failure("prctl", Marshal.GetLastPInvokeError());
    }

    /// <summary>Lets this thread's sleeps end within a microsecond instead of fifty.</summary>
    public static void SleepPrecisely()
    {
        if (ProcessControl(TimerSlack, 1_000) != 0) throw Failure("prctl", Marshal.GetLastPInvokeError());
    }

    /// <summary>A pipe that no child inherits: its reading and its writing end.</summary>
    public static unsafe (int Read, int Write) Pipe()
    {
        var ends = stackalloc int[2];
        if (Pipe2(ends, CloseOnExec) != 0) throw Failure("pipe2", Marshal.GetLastPInvokeError());
        return (ends[0], ends[1]);
    }

    public static void KeepFromChildren(int descriptor)
    {
        if (DescriptorControl(descriptor, SetDescriptorFlags, DescriptorCloseOnExec) != 0)
            throw Failure("fcntl", Marshal.GetLastPInvokeError());
    }

    public static void Close(int descriptor)
    {
        if (CloseDescriptor(descriptor) == 0) return;
        var error = Marshal.GetLastPInvokeError();
        // On Linux the descriptor is gone even so.
        if (error != Interrupted) throw Failure("close", error);
    }

    /// <summary>A value of <c>sysconf</c>; these are equal in all C libraries of Linux.</summary>
    public static long SystemValue(int name) => SystemConfiguration(name);

    /// <summary>Reads the start of a small file of the kernel's; its length, or the system's error number
    /// below 0.</summary>
    public static unsafe int ReadFile(string path, Span<byte> target)
    {
        var descriptor = OpenFile(path, ReadOnly | CloseOnExec);
        if (descriptor < 0) return -Marshal.GetLastPInvokeError();
        fixed (byte* start = target)
        {
            var read = (int)ReadDescriptor(descriptor, start, (nuint)target.Length);
            if (read < 0) read = -Marshal.GetLastPInvokeError();
            Close(descriptor);
            return read;
        }
    }

    /// <summary>The size that a path's entry has; 0 when it is gone or out of reach.</summary>
    public static unsafe long SizeOf(string path)
    {
        var buffer = stackalloc byte[ExtendedStatBytes];
        return ExtendedStat(AtWorkingDirectory, path, 0, StatSize, buffer) == 0
            ? *(long*)(buffer + ExtendedStatSizeAt)
            : 0;
    }

    /// <summary>Removes an empty directory, or a control group without processes.</summary>
    /// <exception cref="IOException">It is not empty, or out of reach.</exception>
    public static void RemoveDirectory(string path)
    {
        if (RemoveEmpty(path) == 0) return;
        var error = Marshal.GetLastPInvokeError();
        if (error != NoSuchFile) throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    public static InvalidOperationException Failure(string call, int error) =>
        new($"{call}: {Marshal.GetPInvokeErrorMessage(error)} ({error})");

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial long SystemConfiguration(int name);

    [LibraryImport(
        "libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint ReadDescriptor(int descriptor, byte* target, nuint length);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int ExtendedStat(
        int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport(
        "libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveEmpty(string path);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static unsafe partial int WaitId(int kind, int id, byte* info, int options);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static unsafe partial int WaitPid(int pid, int* status, int options);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nuint value);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static unsafe partial int Pipe2(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int DescriptorControl(int descriptor, int command, int value);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);
}
