using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Disk;
using Hyperscale.Det.Shell.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hyperscale.Det.Tests.CoyoteShell;

/// <summary>What a host under exploration runs on: the shell's own group commit, a disk in memory, a clock
/// that stands still until told otherwise.</summary>
internal sealed class HostParts(LogDirectory directory, Func<WalWriter, Task, LogDirectory, INodeLog> log)
{
    public StandingClock Clock { get; } = new();

    /// <summary>Ends with the log's writer.</summary>
    public Task Writing { get; private set; } = Task.CompletedTask;

    public NodeHost Start() => NodeHost.Start(new NodeHostParts(
        new LedgerNode(),
        new MonitorMailbox<NodeInput>(bound: 2),
        new NoPeers(),
        OpenLog,
        Workloads: null,
        new NoTelemetry(),
        Observe: null,
        Clock,
        new NodeHostOptions(MailboxBound: 2, BatchMax: 2, TimeSpan.FromSeconds(10)),
        NullLogger.Instance));

    private INodeLog OpenLog(INodeLogObserver observer)
    {
        var writer = new WalWriter(
            directory.Log, directory, Duration.Zero,
            observer.OnDurable, observer.OnSnapshotDurable, observer.OnFailed);
        Writing = Task.Run(writer.Run);
        return log(writer, Writing, directory);
    }

    private sealed class NoPeers : IPeerTransport
    {
        public void Send(NodeId to, Message message) => Assert.Fail($"a message to {to}");

        public void SendDatagram(NodeId to, Message message) => Assert.Fail($"a datagram to {to}");

        public void Abort()
        {
        }
    }

    private sealed class NoTelemetry : ITelemetrySink
    {
        public void On(NodeId node, TelemetryEvent telemetry)
        {
        }
    }
}

/// <summary>A log whose writing thread is a task that Coyote controls.</summary>
internal class WriterLog(WalWriter writer, Task writing, LogDirectory directory) : INodeLog
{
    public RecoveredLog Recovered => RecoveredLog.Nothing;

    public BootId Boot => new(1);

    public void Append(WalRecord record) => writer.Append(record);

    public void Flush() => writer.Flush();

    public void Snapshot(long lsn, ReadOnlyMemory<byte> state) => writer.Snapshot(lsn, state);

    public void Stop()
    {
        writer.Stop();
        AwaitWriter();
        directory.IsClosed = true;
    }

    protected virtual void AwaitWriter() => writing.Wait();
}

/// <summary>Planted bug: gives the directory back while its writer may still be at work.</summary>
internal sealed class ImpatientLog(WalWriter writer, Task writing, LogDirectory directory)
    : WriterLog(writer, writing, directory)
{
    protected override void AwaitWriter()
    {
    }
}

/// <summary>Time that does not pass; a host's own timer fires when a scenario says so.</summary>
/// <remarks>Timers that are armed at birth belong to cancellations. Those never fire: disposing a
/// cancellation waits for its callback in a way that Coyote does not control.</remarks>
internal sealed class StandingClock : TimeProvider
{
    private readonly object _gate = new();
    private readonly List<Timer> _timers = [];

    public override long GetTimestamp() => 0;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(callback, state);
        if (dueTime != Timeout.InfiniteTimeSpan) return timer;
        lock (_gate) _timers.Add(timer);
        return timer;
    }

    public void FireAll()
    {
        Timer[] timers;
        lock (_gate) timers = [.. _timers];
        foreach (var timer in timers) timer.Fire();
    }

    private sealed class Timer(TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _isDisposed;

        public void Fire()
        {
            if (!_isDisposed) callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => !_isDisposed;

        public void Dispose() => _isDisposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
