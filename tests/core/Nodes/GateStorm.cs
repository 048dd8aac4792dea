using Hyperscale.Det.Capacity;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>One gate and two datacenters on a network that loses, doubles and reorders, with a gate that
/// crashes and loses what was not on disk; all of it from one seed.</summary>
internal sealed class GateStorm
{
    private static readonly Duration Beat = Duration.FromMilliseconds(250);

    private readonly Rng _rng;
    private readonly GateBench _bench;
    private readonly List<(Instant At, bool ToGate, NodeId Manager, Message Message)> _network = [];
    private readonly SortedDictionary<NodeId, ScriptedDatacenter> _datacenters = [];
    private readonly List<JobId> _acknowledged = [];
    private readonly int _loss;
    private readonly int _crashes;
    private Instant _now;
    private int _read;
    private readonly List<(IdempotencyKey Key, JobSpec Spec)> _keyed = [];
    private readonly SortedDictionary<long, IdempotencyKey> _keyOfRequest = [];
    private readonly SortedDictionary<IdempotencyKey, JobId> _jobOfKey = [];
    private long _requests;

    public GateStorm(ulong seed)
    {
        _rng = Rng.Stream(seed, "storm");
        _loss = (int)_rng.Below(40);
        _crashes = (int)_rng.Below(8);
        var refusals = (int)_rng.Below(60);
        _bench = new GateBench(config: GateConfig.Default with
        {
            SnapshotEveryRecords = 1 + (int)_rng.Below(40),
            Capacity = CapacityConfig.Default with { StalenessThreshold = Duration.FromSeconds(2) },
            EndedJobsMax = _rng.Chance(1, 4) ? 2 : 1000,
            Idempotency = IdempotencyConfig.Default with
            {
                PendingTtl = Duration.FromSeconds(5),
                CommittedTtl = Duration.FromSeconds(3),
                RejectedTtl = Duration.FromSeconds(1),
                CleanupInterval = Duration.FromSeconds(1),
                PendingWaitTimeout = Duration.FromSeconds(2),
            },
        });
        _datacenters[GateBench.East] = new ScriptedDatacenter(Rng.Stream(seed, "east"), refusals);
        _datacenters[GateBench.West] = new ScriptedDatacenter(Rng.Stream(seed, "west"), refusals);
    }

    public GateNode Gate => _bench.Gate;

    public ulong Fingerprint => _bench.Fingerprint;

    public void Run(int beats)
    {
        for (var beat = 0; beat < beats; beat++)
        {
            _bench.IsDiskFast = _rng.Chance(2, 3);
            if (_rng.Chance(1, 12)) Ask(new ClientRequest.SubmitJob(SpecOf()));
            if (_rng.Chance(1, 6)) AskWithKey();
            if (_rng.Chance(1, 20) && _acknowledged.Count > 0)
                Ask(new ClientRequest.CancelJob(_rng.Pick(_acknowledged)));
            if (_rng.Chance(_crashes, 200)) Crash();
            if (_rng.Chance(1, 40)) Step(() => _bench.When(new NodeInput.PeerLost(_rng.Pick(Managers))));
            Pass();
            CheckSafety();
        }
    }

    /// <summary>Ends the faults and gives everything the time it needs.</summary>
    public void Heal()
    {
        _bench.IsDiskFast = true;
        foreach (var datacenter in _datacenters.Values) datacenter.RefusesNothing = true;
        for (var beat = 0; beat < 400 && !IsQuiet; beat++)
        {
            Pass(isHealthy: true);
            CheckSafety();
        }

        var open = _datacenters.Values.Sum(datacenter => datacenter.Open);
        Assert.True(IsQuiet, $"{Gate.Ledger.LiveCount} jobs live, {open} slots open");
        Assert.All(Gate.Ledger.All, job => Assert.True(job.IsEnded));
    }

    private bool IsQuiet => Gate.Ledger.LiveCount == 0 && Gate.NextDeadline == Instant.Never
        && _datacenters.Values.All(datacenter => datacenter.Open == 0);

    private IReadOnlyList<NodeId> Managers => [.. _datacenters.Keys];

    private void Ask(ClientRequest request) => Step(() => _bench.Ask(request, ++_requests));

    /// <summary>Submits under a new key or repeats an earlier submission, however old.</summary>
    private void AskWithKey()
    {
        if (_keyed.Count == 0 || _rng.Chance(1, 3))
            _keyed.Add((IdempotencyKey.Of("storm", _keyed.Count, 7), SpecOf()));
        var (key, spec) = _rng.Chance(1, 2) ? _keyed[^1] : _rng.Pick(_keyed);
        _keyOfRequest[_requests + 1] = key;
        Ask(new ClientRequest.SubmitJob(spec, key));
    }

    private void Crash()
    {
        Step(() => { });
        _bench.Restart(Duration.FromMilliseconds(_rng.Below(3000)));
        Step(() => { });
    }

    private void Pass(bool isHealthy = false)
    {
        Step(() => _bench.Pass(Beat));
        _now += Beat;
        if (_bench.IsDiskFast) Step(() => _bench.Persist());
        foreach (var (manager, datacenter) in _datacenters)
        {
            Step(() => _bench.Heartbeat(manager == GateBench.East ? "east" : "west", manager));
            foreach (var message in datacenter.Tick()) Post(true, manager, message, isHealthy);
        }

        while (_network.Where(m => m.At <= _now).OrderBy(m => m.At).ToList() is { Count: > 0 } due)
        {
            _network.RemoveAll(message => message.At <= _now);
            foreach (var (_, toGate, manager, message) in due)
            {
                if (toGate) Step(() => _bench.Receive(manager, message), isHealthy);
                else if (_datacenters.GetValueOrDefault(manager)?.On(message) is { } answer)
                    Post(true, manager, answer, isHealthy);
            }
        }
    }

    /// <summary>Steps the gate and puts what it sent on the network.</summary>
    private void Step(Action step, bool isHealthy = false)
    {
        step();
        for (; _read < _bench.History.Count; _read++)
        {
            if (_bench.History[_read] is NodeEffect.Send send) Post(false, send.To, send.Message, isHealthy);
            if (_bench.History[_read] is NodeEffect.Reply { Response: ClientResponse.Accepted accepted })
                Note(accepted, (NodeEffect.Reply)_bench.History[_read]);
        }
    }

    private void Note(ClientResponse.Accepted accepted, NodeEffect.Reply reply)
    {
        _acknowledged.Add(accepted.Job);
        if (!_keyOfRequest.TryGetValue(reply.RequestId, out var key)) return;
        // Every answer of a key names the same job, for good.
        _jobOfKey.TryAdd(key, accepted.Job);
        Assert.Equal(_jobOfKey[key], accepted.Job);
    }

    private void Post(bool toGate, NodeId manager, Message message, bool isHealthy)
    {
        if (isHealthy)
        {
            _network.Add((_now, toGate, manager, message));
            return;
        }

        if (_rng.Chance(_loss, 100)) return;
        var copies = _rng.Chance(1, 8) ? 2 : 1;
        for (var copy = 0; copy < copies; copy++)
        {
            // Some copies come long after everything they belong to.
            var delay = _rng.Chance(1, 20) ? _rng.Below(20_000) : _rng.Below(400);
            _network.Add((_now + Duration.FromMilliseconds(delay), toGate, manager, message));
        }
    }

    private void CheckSafety()
    {
        var (east, west) = (_datacenters[GateBench.East].Started, _datacenters[GateBench.West].Started);
        Assert.Empty(east.Intersect(west));
        // What was withdrawn left its key to another job, so nothing of it may ever run.
        foreach (var job in Gate.Ledger.All.Where(IsWithdrawn))
            Assert.DoesNotContain(east.Concat(west), place => place.Job == job.Id);
        if (_bench.Config.EndedJobsMax < 1000 || Gate.LedGroups.Count == 0) return;
        Assert.All(_acknowledged, job => Assert.True(Gate.Ledger.TryGet(job, out _)));
    }

    private static bool IsWithdrawn(LedgerJob job) =>
        job.Reason.StartsWith("withdrawn", StringComparison.Ordinal);

    private JobSpec SpecOf() => Specs.Job(
        count: 1 + (int)_rng.Below(2),
        bestEffort: _rng.Chance(1, 2)
            ? Specs.BestEffort(
                1 + (int)_rng.Below(2), Duration.FromSeconds(1 + _rng.Below(20)), _rng.Chance(1, 2))
            : null);
}
