using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Shell.Resources;

/// <summary>Looks at a node's machine, and at what runs on it, at an interval, and tells the node.</summary>
/// <remarks>One look at a time: where a look takes longer than the interval, or the node has not come to the
/// last one yet, the next one is left out.</remarks>
internal sealed class ResourceSampler : IAsyncDisposable
{
    private readonly IMailbox<NodeInput> _mailbox;
    private readonly IWorkloadRunner? _workloads;
    private readonly Func<Instant> _now;
    private readonly ILogger _logger;
    private readonly NodeId _node;
    private readonly Func<Instant, NodeReading> _readMachine;
    private readonly ITimer _timer;
    private int _isLooking;

    // At most one sample waits, whatever the mailbox's bound.
    private volatile bool _isWaiting;

    /// <param name="readMachine">Null for <see cref="MachineReader"/>.</param>
    public ResourceSampler(
        NodeId node,
        Duration interval,
        IMailbox<NodeInput> mailbox,
        IWorkloadRunner? workloads,
        Func<Instant> now,
        TimeProvider time,
        ILogger logger,
        Func<Instant, NodeReading>? readMachine = null)
    {
        _readMachine = readMachine ?? MachineReader.Read;
        (_node, _mailbox, _workloads, _now, _logger) = (node, mailbox, workloads, now, logger);
        if (workloads is not null) ShellLog.EnforcerChosen(logger, node, workloads.Enforcer);
        var period = TimeSpan.FromMilliseconds(interval.Milliseconds);
        _timer = time.CreateTimer(_ => Look(), null, period, period);
    }

    /// <summary>The node has taken the last sample.</summary>
    public void OnTaken() => _isWaiting = false;

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Look()
    {
        if (Interlocked.Exchange(ref _isLooking, 1) == 1) return;
        try
        {
            if (_isWaiting) return;
            var workloads = _workloads?.Sample(_now) ?? [];
            var node = ReadMachine();
            _isWaiting = true;
            _mailbox.Signal(new NodeInput.ResourcesSampled(workloads, node)
            {
                Enforcer = _workloads?.Enforcer ?? "",
            });
        }
        // A look that failed is a sample that did not arrive; the guards go on with the next one.
        catch (Exception e)
        {
            ShellLog.SampleFailed(_logger, _node, e);
        }
        finally
        {
            Volatile.Write(ref _isLooking, 0);
        }
    }

    /// <summary>Null where it cannot be read.</summary>
    private NodeReading? ReadMachine()
    {
        try
        {
            return _readMachine(_now());
        }
        // Whatever is wrong with the machine's files, workloads are guarded nevertheless.
        catch (Exception e)
        {
            ShellLog.SampleFailed(_logger, _node, e);
            return null;
        }
    }
}
