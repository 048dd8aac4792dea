using System.Threading.Channels;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Hosting;

namespace Hyperscale.Det.Tests.Shell.Hosting;

/// <summary>A disk that writes when the test says so.</summary>
internal sealed class ManualLog(INodeLogObserver observer, long lastLsn = 0) : INodeLog
{
    private long _lsn = lastLsn;
    private volatile int _flushes;

    public INodeLogObserver Observer { get; } = observer;

    public RecoveredLog Recovered { get; } = new(lastLsn, default, []);

    public BootId Boot { get; } = new(7);

    public List<WalRecord> Records { get; } = [];

    public List<long> Snapshots { get; } = [];

    public int Flushes => _flushes;

    public bool IsStopped { get; private set; }

    public void Append(WalRecord record)
    {
        _lsn++;
        Records.Add(record);
    }

    public void Flush() => _flushes++;

    public void Snapshot(long lsn, ReadOnlyMemory<byte> state) => Snapshots.Add(lsn);

    public void Stop() => IsStopped = true;

    /// <summary>The disk confirms everything appended so far.</summary>
    public void Sync() => Observer.OnDurable(_lsn);
}

/// <summary>Takes down what is sent, in order.</summary>
internal sealed class RecordingTransport : IPeerTransport
{
    private readonly Channel<(NodeId To, Message Message)> _sent =
        Channel.CreateUnbounded<(NodeId, Message)>();

    public bool IsAborted { get; private set; }

    public void Send(NodeId to, Message message) => _sent.Writer.TryWrite((to, message));

    public void SendDatagram(NodeId to, Message message) => _sent.Writer.TryWrite((to, message));

    public void Abort() => IsAborted = true;

    public bool HasSent => _sent.Reader.TryPeek(out _);

    /// <summary>The call id of the next message, waited for.</summary>
    public async Task<(NodeId To, long CallId)> NextAsync()
    {
        var (to, message) = await _sent.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(TimeSpan.FromSeconds(30));
        return (to, ((Message.ClientCall)message).CallId);
    }
}

internal sealed class NoTelemetry : ITelemetrySink
{
    public void On(NodeId node, TelemetryEvent telemetry)
    {
    }
}
