using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;
using Hyperscale.Det.Sim.Plans;
using Hyperscale.Det.Sim.Processes;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Shows each checker what it wants to see.</summary>
public sealed class CheckBoard
{
    /// <summary>Events between two samples of sizes.</summary>
    public const int SampleEvery = 256;

    private readonly World _world;
    private readonly Checker[] _all;
    private readonly Checker[] _steps;
    private readonly Checker[] _received;
    private readonly Checker[] _sent;
    private readonly Checker[] _effects;
    private readonly Checker[] _samples;

    public CheckBoard(World world, IReadOnlyList<Checker> checkers)
    {
        _world = world;
        _all = [.. checkers];
        _steps = Wanting(CheckerViews.Steps);
        _received = Wanting(CheckerViews.Received);
        _sent = Wanting(CheckerViews.Sent);
        _effects = Wanting(CheckerViews.Effects);
        _samples = Wanting(CheckerViews.Samples);
        foreach (var checker in _all) checker.World = world;
    }

    public IReadOnlyList<Checker> Checkers => _all;

    /// <summary>Whether no rule waits for anything.</summary>
    public bool AreAtRest => Array.TrueForAll(_all, checker => checker.IsAtRest);

    internal void OnStarted(SimHost host, RecoveredLog recovered)
    {
        _world.Trace?.OnNote(
            _world.Now, $"{host.Id} starts: boot {host.Boot}, recovered up to {recovered.LastLsn}");
        foreach (var checker in _all) checker.OnStarted(host, recovered);
    }

    internal void OnEnded(SimHost host, CrashExtent extent)
    {
        _world.Trace?.OnNote(_world.Now, $"{host.Id} dies: {extent}");
        foreach (var checker in _all) checker.OnEnded(host, extent);
    }

    internal void OnStep(SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        var received = input as NodeInput.Received;
        var kind = received is null ? input.GetType() : received.Message.GetType();
        _world.Coverage.Verdict(host.Place.Role, kind, verdict);
        _world.Trace?.OnStep(host, input, verdict, effects);
        foreach (var checker in _steps) checker.OnStep(host, input, verdict, effects);
        if (received is null) return;
        foreach (var checker in _received) checker.OnReceived(host, received.From, received.Message);
    }

    internal void OnEffect(SimHost host, NodeEffect effect)
    {
        switch (effect)
        {
            case NodeEffect.Send send:
                foreach (var checker in _sent) checker.OnSent(host, send.To, send.Message);
                break;
            case NodeEffect.SendDatagram datagram:
                foreach (var checker in _sent) checker.OnSent(host, datagram.To, datagram.Message);
                break;
            default:
                foreach (var checker in _effects) checker.OnEffect(host, effect);
                break;
        }
    }

    internal void OnDurable(SimHost host, long lsn)
    {
        foreach (var checker in _all) checker.OnDurable(host, lsn);
    }

    internal void OnProcessStarted(SimProcess process)
    {
        foreach (var checker in _all) checker.OnProcessStarted(process);
    }

    internal void OnProcessEnded(SimProcess process)
    {
        foreach (var checker in _all) checker.OnProcessEnded(process);
    }

    internal void OnAsked(SimHost host, long requestId, ClientRequest request)
    {
        foreach (var checker in _all) checker.OnAsked(host, requestId, request);
    }

    internal void OnAnswer(
        SimHost host, ClientRequest request, ClientResponse response, Instant askedAt)
    {
        foreach (var checker in _all) checker.OnAnswer(host, request, response, askedAt);
    }

    internal void OnStrayReply(SimHost host, long requestId, ClientResponse response) =>
        throw new CheckFailedException(
            "one-answer",
            $"at {_world.Now}: {host.Id} answers request {requestId}, which is not open: {response}");

    internal void OnRefusedDirectory(SimHost host, WalFault fault) =>
        throw new CheckFailedException(
            "log-survives", $"at {_world.Now}: {host.Id} may not start: {fault.Verdict}: {fault.Message}");

    internal void OnEvent()
    {
        if (_world.Scheduler.Events % SampleEvery != 0) return;
        foreach (var checker in _samples) checker.OnSample();
    }

    internal void OnEnd()
    {
        foreach (var checker in _all) checker.OnEnd();
    }

    private Checker[] Wanting(CheckerViews view) => [.. _all.Where(checker => checker.Views.HasFlag(view))];
}
