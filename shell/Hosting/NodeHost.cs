using System.Diagnostics;
using System.Security.Cryptography;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Shell.Resources;
using Hyperscale.Det.Shell.Telemetry;
using Hyperscale.Det.Shell.Workloads;

namespace Hyperscale.Det.Shell.Hosting;

/// <summary>Runs one node: drains its mailbox in batches, steps the machine and carries out its effects.
/// </summary>
/// <remarks>The machine and the durability gate are touched by one loop only. Whatever promises something
/// leaves once the disk said so; a broken rule of ours or a failed disk ends the node at once, with nothing
/// more sent, because a node that may be wrong must not speak.</remarks>
public sealed class NodeHost : INodeLogObserver, IAsyncDisposable
{
    private const long TimerMilliseconds = 3_600_000;

    private readonly NodeHostParts _parts;
    private readonly INode _node;
    private readonly Outbox<NodeEffect> _outbox = new();
    private readonly List<NodeInput> _batch = [];
    private readonly SendBatcher _sends;
    private readonly PendingRequests _requests = new();
    private readonly TaskCompletionSource _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly long _origin;
    private readonly ITimer _timer;
    private readonly INodeLog _log;
    private readonly IWorkloadRunner? _workloads;
    private readonly ResourceSampler? _sampler;
    private readonly DurabilityGate _gate;
    private Instant? _armed;
    private bool _appended;
    private volatile bool _isServing;
    private volatile bool _isStopping;
    private volatile Exception? _failure;

    private NodeHost(NodeHostParts parts)
    {
        _parts = parts;
        _node = parts.Node;
        _sends = new SendBatcher(parts.Transport);
        _origin = parts.Time.GetTimestamp();
        _log = parts.OpenLog(this);
        _gate = new DurabilityGate(_log.Recovered.LastLsn);
        _workloads = parts.Workloads?.Invoke(input => parts.Mailbox.Signal(input));
        _timer = parts.Time.CreateTimer(
            _ => parts.Mailbox.Signal(new NodeInput.Tick(Wall())), null, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        if (parts.SampleInterval is { } interval)
        {
            _sampler = new ResourceSampler(
                Id, interval, parts.Mailbox, _workloads, Now, parts.Time, parts.Logger);
        }
    }

    public NodeId Id => _node.Id;

    /// <summary>Ends when the node has stopped: normally after <see cref="StopAsync"/>, with the cause after
    /// a failure.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Whether the node has recovered and takes requests.</summary>
    public bool IsServing => _isServing;

    /// <summary>Opens the log and starts the node.</summary>
    public static NodeHost Start(NodeHostParts parts)
    {
        var host = new NodeHost(parts);
        Span<byte> seed = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(seed);
        parts.Mailbox.Signal(new NodeInput.Started(
            host._log.Recovered, BitConverter.ToUInt64(seed), host._log.Boot, host.Wall()));
        host._log.ForgetRecovered();
        _ = Task.Run(host.RunAsync);
        return host;
    }

    /// <summary>This start's identity.</summary>
    public BootId Boot => _log.Boot;

    /// <summary>Gives the node an input from a peer; waits while the node is busy. False when it has stopped.
    /// </summary>
    public ValueTask<bool> DeliverAsync(NodeInput input, CancellationToken cancellation) =>
        _parts.Mailbox.PostAsync(input, cancellation);

    /// <summary>Tells the node that what was sent to a peer may be lost; never waits.</summary>
    public void OnPeerLost(NodeId peer) => _parts.Mailbox.Signal(new NodeInput.PeerLost(peer));

    /// <summary>Asks the node as a client of this process.</summary>
    public async Task<ClientResponse> AskAsync(ClientRequest request, CancellationToken cancellation)
    {
        if (_isStopping || Completion.IsCompleted) return PendingRequests.Stopped;
        var (id, answer) = _requests.Open();
        try
        {
            if (!await _parts.Mailbox.PostAsync(new NodeInput.ClientRequested(id, request), cancellation))
                return PendingRequests.Stopped;
            return await answer.WaitAsync(cancellation);
        }
        finally
        {
            _requests.Forget(id);
        }
    }

    /// <summary>Lets the node say goodbye, waits for its log and its workloads, then ends it. Returns once it
    /// has ended; how it ended is in <see cref="Completion"/>.</summary>
    public async Task StopAsync()
    {
        _parts.Mailbox.Signal(new NodeInput.Shutdown());
        try
        {
            await Completion;
        }
        catch (NodeFailedException)
        {
            // Whoever asked for the end got it; the cause stays in Completion for whoever wants it.
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    void INodeLogObserver.OnDurable(long lsn) => _parts.Mailbox.Signal(new NodeInput.Durable(lsn));

    void INodeLogObserver.OnSnapshotDurable(long lsn) =>
        _parts.Mailbox.Signal(new NodeInput.SnapshotDurable(lsn));

    void INodeLogObserver.OnFailed(Exception failure) => Fail(failure);

    /// <summary>Ends the node because what it runs on failed: it steps no more and nothing more is
    /// sent.</summary>
    public void Fail(Exception failure)
    {
        // The loop may be in the middle of a batch: it looks at this before every effect.
        _failure ??= failure;
        _parts.Transport.Abort();
        _parts.Mailbox.Close();
    }

    private async Task RunAsync()
    {
        try
        {
            while (!_isStopping && _failure is null && await _parts.Mailbox.WaitAsync()) RunBatch();
            if (_failure is null) await DrainAsync();
        }
        // Whatever the machine or an effect threw, its state can no longer be trusted: the node ends.
        catch (Exception e)
        {
            _failure ??= e;
        }

        await EndAsync();
    }

    private void RunBatch()
    {
        _parts.Mailbox.Drain(_batch, _parts.Options.BatchMax);
        try
        {
            foreach (var input in _batch)
            {
                if (_failure is not null) break;
                if (_isStopping && input is not (NodeInput.Durable or NodeInput.SnapshotDurable)) continue;
                Take(input);
            }

            if (_appended) _log.Flush();
            _appended = false;
        }
        finally
        {
            // Also when a step threw: those before it were right.
            _batch.Clear();
            if (_failure is null) _sends.Flush();
        }

        ArmTimer();
    }

    private void Take(NodeInput input)
    {
        switch (input)
        {
            case NodeInput.Tick:
                _armed = null;
                if (_node.NextDeadline > Now()) return;
                break;
            case NodeInput.Durable durable:
                _gate.OnDurable(durable.Lsn);
                while (_failure is null && _gate.TryRelease(out var released)) CarryOut(released);
                break;
            case NodeInput.ResourcesSampled:
                _sampler?.OnTaken();
                break;
            default:
                break;
        }

        Step(input is NodeInput.Tick ? new NodeInput.Tick(Wall()) : input);
        if (input is NodeInput.Started)
        {
            _node.CheckInvariants();
            _isServing = true;
        }

        if (input is NodeInput.Shutdown) _isStopping = true;
    }

    private void Step(NodeInput input)
    {
        var now = Now();
        _outbox.Clear();
        _node.Step(input, now, _outbox);
        _parts.Observe?.Invoke(input, now);
        foreach (var effect in _outbox.Effects)
        {
            if (_failure is not null) return;
            if (_gate.Offer(effect)) CarryOut(effect);
        }
    }

    private void CarryOut(NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Send send:
                _sends.Add(send.To, send.Message);
                break;
            case NodeEffect.SendDatagram datagram:
                _parts.Transport.SendDatagram(datagram.To, datagram.Message);
                break;
            case NodeEffect.Append append:
                _log.Append(append.Record);
                _appended = true;
                break;
            case NodeEffect.Snapshot snapshot:
                _log.Snapshot(snapshot.Lsn, snapshot.State);
                _appended = true;
                break;
            case NodeEffect.Reply reply:
                _requests.Answer(reply.RequestId, reply.Response);
                break;
            case NodeEffect.Emit emit:
                _parts.Telemetry.On(Id, emit.Event);
                break;
            default:
                Invariant.Holds(_workloads is not null);
                CarryOut(effect, _workloads);
                break;
        }
    }

    private static void CarryOut(NodeEffect effect, IWorkloadRunner workloads)
    {
        switch (effect)
        {
            case NodeEffect.StartWorkload start:
                workloads.Start(start.Attempt, start.Workflow);
                break;
            case NodeEffect.StopWorkload stop:
                workloads.Stop(stop.Attempt, stop.Signal);
                break;
            case NodeEffect.ThrottleWorkload throttle:
                workloads.Throttle(throttle.Attempt, throttle.Order);
                break;
            case NodeEffect.HoldRamp hold:
                workloads.HoldRamp(hold.Attempt, hold.IsHeld);
                break;
            default:
                throw new UnreachableException($"unhandled {effect}");
        }
    }

    /// <summary>After a shutdown only the disk still matters: what it confirms lets the last answers leave.
    /// </summary>
    private async Task DrainAsync()
    {
        _isServing = false;
        using var late = new CancellationTokenSource(_parts.Options.StopWithin, _parts.Time);
        using var wake = late.Token.Register(_parts.Mailbox.Close);
        while (_failure is null && _gate.DurableLsn < _gate.AppendedLsn && await _parts.Mailbox.WaitAsync())
            RunBatch();
        if (_failure is null && _gate.DurableLsn < _gate.AppendedLsn)
        {
            ShellLog.StoppedBeforeDurable(
                _parts.Logger, Id, _gate.AppendedLsn - _gate.DurableLsn, _parts.Options.StopWithin);
        }
    }

    private async Task EndAsync()
    {
        _isServing = false;
        _isStopping = true;
        if (_failure is not null) _parts.Transport.Abort();
        if (_failure is InvariantViolationException broken)
            ShellLog.InvariantBroken(_parts.Logger, Id, broken);
        else if (_failure is not null) ShellLog.NodeFailed(_parts.Logger, Id, _failure);
        try
        {
            await _timer.DisposeAsync();
            if (_sampler is not null) await _sampler.DisposeAsync();
            if (_workloads is not null) await _workloads.DisposeAsync();
            _log.Stop();
        }
        catch (Exception e)
        {
            _failure ??= e;
            ShellLog.NodeFailed(_parts.Logger, Id, e);
        }

        _parts.Mailbox.Close();
        _requests.Close();
        if (_failure is null) _completion.SetResult();
        else _completion.SetException(new NodeFailedException(Id, _failure));
    }

    private void ArmTimer()
    {
        var next = _node.NextDeadline;
        if (_isStopping || next == _armed) return;
        _armed = next;
        // Rounded up: a timer that fires early would only have to be set again.
        var wait = next == Instant.Never
            ? Timeout.InfiniteTimeSpan
            : TimeSpan.FromMilliseconds(
                Math.Clamp(((next - Now()).Nanoseconds / 1_000_000) + 1, 1, TimerMilliseconds));
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private Instant Now() => new((long)(
        (Int128)(_parts.Time.GetTimestamp() - _origin) * 1_000_000_000 / _parts.Time.TimestampFrequency));

    private WallTime Wall() => new(_parts.Time.GetUtcNow().ToUnixTimeMilliseconds());
}
