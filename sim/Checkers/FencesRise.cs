using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Sim.Engine;

namespace Hyperscale.Det.Sim.Checkers;

/// <summary>Views, stamps and fences never fall, in a log, in what leaves a node and in what a receiver has
/// accepted (V6), restarts included; a restarted primary never resumes its view.</summary>
public sealed class FencesRise() : Checker(
    "fences-rise", CheckerViews.Sent | CheckerViews.Effects | CheckerViews.Steps)
{
    private readonly SortedDictionary<(int Place, string Owner), long> _fences = [];
    private readonly SortedDictionary<int, Commands> _commands = [];
    private readonly SortedDictionary<(int Place, int Group), VsrDurable> _logs = [];
    private readonly SortedDictionary<(int Place, int Group), long> _viewsBefore = [];
    private readonly SortedDictionary<int, long> _lives = [];
    private readonly SortedDictionary<(int Place, int Life), long> _obeyed = [];

    public override void OnStarted(SimHost host, RecoveredLog recovered)
    {
        if (!host.Place.HasDisk) return;
        var place = host.Place.Index;
        if (_commands.TryGetValue(place, out var commands)) commands.Pending.Clear();
        foreach (var key in _logs.Keys.Where(key => key.Place == place).ToList()) _logs.Remove(key);
        // What a life before this one promised is void, its views included.
        if (recovered.Incarnation != _lives.GetValueOrDefault(place))
            foreach (var key in _viewsBefore.Keys.Where(key => key.Place == place).ToList())
                _viewsBefore.Remove(key);
        _lives[place] = recovered.Incarnation;
        var snapshot = ReplicaSnapshot.Decode(recovered.Snapshot.Span);
        Require(snapshot is not null, () => $"{host.Id} recovers a snapshot that cannot be read");
        foreach (var (group, log) in snapshot!) _logs.Add((place, group), log);
        foreach (var record in recovered.Records) Replay(host, record, "recovers");
        foreach (var (key, log) in _logs.Where(entry => entry.Key.Place == place))
        {
            var before = _viewsBefore.GetValueOrDefault(key);
            var view = Math.Max(log.View, log.Log.LastView);
            Require(view >= before, () => $"{host.Id} recovers view {view} after {before}");
            _viewsBefore[key] = view;
        }
    }

    public override void OnEffect(SimHost host, NodeEffect effect)
    {
        if (effect is not NodeEffect.Append append) return;
        var record = Replay(host, append.Record, "appends");
        if (record.Record is not VsrRecord.Appended appended) return;
        var before = _viewsBefore.GetValueOrDefault((host.Place.Index, record.Group));
        foreach (var entry in appended.Entries)
        {
            var isOwn = World.Topology.PrimaryOf(host.Id, record.Group, entry.View) == host.Id;
            Require(!isOwn || entry.View > before, () =>
                $"{host.Id} appends in view {entry.View}; its lives before had view {before}");
        }
    }

    public override void OnStep(
        SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        if (host.Place.Role == NodeRole.Worker) IsObeyedInOrder(host, input, verdict);
        if (host.Place.Role != NodeRole.Manager) return;
        if (!_commands.TryGetValue(host.Place.Index, out var commands))
            _commands.Add(host.Place.Index, commands = new Commands());
        if (input is NodeInput.Durable durable) commands.Commit(durable.Lsn);
        if (input is not NodeInput.Received received || verdict != NodeVerdict.Accepted) return;
        if (Fences.OfJob(received.Message) is not var (job, fence)) return;

        var last = commands.Committed.GetValueOrDefault(job, long.MinValue);
        // What is on its own disk alone may not be committed, and its ledger not know it.
        if (host.Node is ManagerNode manager) last = Math.Min(last, manager.Ledger.FenceOf(job));
        Require(fence >= last, () => $"{host.Id} accepts fence {fence} of {job} after {last}");
        var appends = effects.Effects.Count(effect => effect is NodeEffect.Append);
        if (appends > 0) commands.Pending.Enqueue((host.Gate!.AppendedLsn + appends, job, fence));
    }

    public override void OnSent(SimHost host, NodeId to, Message message)
    {
        if (Fences.Of(host, message) is var (owner, fence)) Rises(host, owner, fence);
        if (message is Message.SlotResultCommitted committed)
            Rises(host, $"group {committed.Slot.Job.Group}", committed.Fence);
    }

    /// <summary>A life of a worker obeys no manager that was replaced by one that it has obeyed.</summary>
    private void IsObeyedInOrder(SimHost host, NodeInput input, NodeVerdict verdict)
    {
        if (input is not NodeInput.Received received || verdict != NodeVerdict.Accepted) return;
        var told = received.Message is Message.HeartbeatAnswered answered
            ? answered.Fence
            : Fences.Of(host, received.Message)?.Fence;
        if (told is not { } fence) return;
        var key = (host.Place.Index, host.Life);
        var last = _obeyed.GetValueOrDefault(key, long.MinValue);
        Require(fence >= last, () => $"{host.Id} obeys fence {fence} after {last}");
        _obeyed[key] = fence;
    }

    /// <summary>Takes a record into the log that it belongs to: what does not fit, a view, op or stamp that
    /// falls, is refused there.</summary>
    private GroupRecord Replay(SimHost host, WalRecord record, string what)
    {
        var decoded = GroupRecord.Decode(record.Payload.Span);
        Require(decoded is not null, () => $"{host.Id} {what} a record that cannot be read");
        var key = (host.Place.Index, decoded!.Group);
        if (!_logs.TryGetValue(key, out var log)) _logs.Add(key, log = new VsrDurable());
        Require(log.TryReplay(decoded.Record), () =>
            $"{host.Id} {what} {decoded.Record} of group {decoded.Group}; the log is in view {log.View} "
            + $"and ends with op {log.Log.Op} at {log.Log.LastStamp}");
        return decoded;
    }

    private void Rises(SimHost host, string owner, long fence)
    {
        // One that was replaced and does not know it yet may still command; its fence is refused.
        var key = (host.Place.Index, owner);
        var last = _fences.GetValueOrDefault(key);
        Require(fence >= last, () => $"{host.Id} commands with fence {fence} of {owner} after {last}");
        _fences[key] = fence;
    }

    /// <summary>The commands that a manager accepted: on their way to its disk, and there.</summary>
    private sealed class Commands
    {
        public Queue<(long Lsn, JobId Job, long Fence)> Pending { get; } = new();

        public SortedDictionary<JobId, long> Committed { get; } = [];

        public void Commit(long lsn)
        {
            while (Pending.TryPeek(out var command) && command.Lsn <= lsn)
            {
                Pending.Dequeue();
                Committed[command.Job] = Math.Max(
                    command.Fence, Committed.GetValueOrDefault(command.Job, long.MinValue));
            }
        }
    }
}
