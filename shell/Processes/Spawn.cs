using System.Runtime.InteropServices;
using System.Text;

namespace Hyperscale.Det.Shell.Processes;

/// <summary>Starts a program with exactly the descriptors, signals and environment that it is
/// given.</summary>
internal static unsafe partial class Spawn
{
    // The C library's own types are at most 336 bytes long.
    private const int OpaqueBytes = 1024;

    /// <summary>Starts a program; its id, or 0 with the system's error number.</summary>
    /// <param name="command">Program, looked up in PATH unless it has a slash, and its arguments.</param>
    /// <param name="environment">The whole environment, as <c>NAME=value</c>.</param>
    /// <param name="descriptors">What becomes descriptor 0, 1, 2 ... of the program; -1 for nothing to read.
    /// </param>
    /// <param name="placement"><see cref="NativeProcess.SetSession"/> or
    /// <see cref="NativeProcess.SetGroup"/>.</param>
    public static int Start(
        IReadOnlyList<string> command,
        IReadOnlyList<string> environment,
        ReadOnlySpan<int> descriptors,
        short placement,
        out int error)
    {
        var actions = stackalloc byte[OpaqueBytes];
        var attributes = stackalloc byte[OpaqueBytes];
        Check("posix_spawn_file_actions_init", ActionsInit(actions));
        Check("posix_spawnattr_init", AttributesInit(attributes));
        var arguments = ToNative(command);
        var variables = ToNative(environment);
        try
        {
            for (var i = 0; i < descriptors.Length; i++)
            {
                if (descriptors[i] >= 0)
                    Check("posix_spawn_file_actions_adddup2", AddDuplicate(actions, descriptors[i], i));
                else
                    Check("posix_spawn_file_actions_addopen", AddOpen(actions, i, "/dev/null", 0, 0));
            }

            Describe(attributes, placement);
            var failure = 0;
            var started = OwnChildren.Start(() =>
            {
                int pid;
                failure = SpawnByName(&pid, arguments[0], actions, attributes, arguments, variables);
                return failure == 0 ? pid : 0;
            });
            error = failure;
            return started;
        }
        finally
        {
            Free(arguments);
            Free(variables);
            Check("posix_spawnattr_destroy", AttributesDestroy(attributes));
            Check("posix_spawn_file_actions_destroy", ActionsDestroy(actions));
        }
    }

    // The runtime ignores SIGPIPE and blocks signals at times; a program must not start like that.
    private static void Describe(byte* attributes, short placement)
    {
        var signals = stackalloc byte[OpaqueBytes];
        Check("sigemptyset", EmptySignals(signals));
        Check("posix_spawnattr_setsigmask", SetMask(attributes, signals));
        Check("sigfillset", FillSignals(signals));
        Check("posix_spawnattr_setsigdefault", SetDefaults(attributes, signals));
        var flags = (short)(placement | NativeProcess.SetSignalMask | NativeProcess.SetDefaultSignals);
        Check("posix_spawnattr_setflags", SetFlags(attributes, flags));
    }

    private static byte** ToNative(IReadOnlyList<string> texts)
    {
        var array = (byte**)NativeMemory.AllocZeroed((nuint)texts.Count + 1, (nuint)sizeof(byte*));
        for (var i = 0; i < texts.Count; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(texts[i]);
            array[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
            bytes.CopyTo(new Span<byte>(array[i], bytes.Length));
        }

        return array;
    }

    private static void Free(byte** array)
    {
        for (var item = array; *item is not null; item++) NativeMemory.Free(*item);
        NativeMemory.Free(array);
    }

    private static void Check(string call, int error)
    {
        if (error != 0) throw NativeProcess.Failure(call, error);
    }

    [LibraryImport("libc", EntryPoint = "posix_spawnp")]
    private static partial int SpawnByName(
        int* pid, byte* program, byte* actions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int ActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int ActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDuplicate(byte* actions, int from, int to);

    [LibraryImport(
        "libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddOpen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial int EmptySignals(byte* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    private static partial int FillSignals(byte* signals);
}
