using System.Runtime.InteropServices;

namespace Hyperscale.Det.Benchmarks;

/// <summary>A benchmark's directory and the processes that use it: none of them is left, however it ends.
/// </summary>
internal sealed class OwnedDirectory : IDisposable
{
    private const int EndedBySignal = 128;

    private readonly string _path;
    private readonly List<IDisposable> _owned = [];
    private readonly PosixSignalRegistration[] _signals;

    public OwnedDirectory(string path)
    {
        _path = path;
        _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        ];
    }

    /// <summary>A directory in it.</summary>
    public string Next(int number) => Path.Combine(_path, $"run-{number}");

    /// <summary>Ends it when this is left, if its user has not done so.</summary>
    public Owned<T> Own<T>(T value)
        where T : IDisposable
    {
        lock (_owned) _owned.Add(value);
        return new Owned<T>(this, value);
    }

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        End();
    }

    private void OnSignal(PosixSignalContext context)
    {
        End();
        Environment.Exit(EndedBySignal + (context.Signal == PosixSignal.SIGINT ? 2 : 15));
    }

    private void End()
    {
        lock (_owned)
        {
            foreach (var owned in _owned) owned.Dispose();
            _owned.Clear();
            if (Directory.Exists(_path)) Directory.Delete(_path, recursive: true);
        }
    }

    /// <summary>What ends with the block that uses it.</summary>
    internal readonly record struct Owned<T>(OwnedDirectory Owner, T Value) : IDisposable
        where T : IDisposable
    {
        public void Dispose()
        {
            lock (Owner._owned)
            {
                if (Owner._owned.Remove(Value)) Value.Dispose();
            }
        }
    }
}
