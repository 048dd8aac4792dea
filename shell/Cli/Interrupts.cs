using System.Runtime.InteropServices;

namespace Hyperscale.Det.Shell.Cli;

/// <summary>SIGINT and SIGTERM while a command has something to put in order: the first asks it to end, the
/// second ends the process at once.</summary>
public sealed class Interrupts : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Func<int, int> _codeAtOnce;
    private Action? _atOnce;
    private int _count;
    private int _first;

    private Interrupts(Func<int, int> codeAtOnce)
    {
        _codeAtOnce = codeAtOnce;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => On(context, 2)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => On(context, 15)),
        ];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Asked => _asked.Token;

    /// <summary>128 and the first signal's number.</summary>
    public int CodeOfFirst => 128 + Volatile.Read(ref _first);

    /// <summary>The second signal ends the process with 128 and the signal's number.</summary>
    public static Interrupts Listen() => new(signal => 128 + signal);

    /// <summary>The second signal ends the process with <paramref name="codeAtOnce"/>.</summary>
    public static Interrupts Listen(ExitCode codeAtOnce) => new(_ => (int)codeAtOnce);

    /// <summary>Ends with the first signal, however long that takes: a server runs until it is told to end.
    /// </summary>
    public Task UntilAskedAsync()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Asked.Register(() => asked.TrySetResult());
        return asked.Task;
    }

    /// <summary>What a second signal still does: something short that leaves less behind.</summary>
    public void AtOnce(Action action) => _atOnce = action;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _asked.Dispose();
    }

    private void On(PosixSignalContext context, int signal)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _count) > 1) EndAtOnce(_codeAtOnce(signal));
        Volatile.Write(ref _first, signal);
        _asked.Cancel();
    }

    private void EndAtOnce(int code)
    {
        _atOnce?.Invoke();
        // A table that redraws itself has hidden it.
        if (!Console.IsOutputRedirected) Console.CursorVisible = true;
        Environment.Exit(code);
    }
}
