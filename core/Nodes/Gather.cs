using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Protocol;

namespace Hyperscale.Det.Nodes;

/// <summary>An answer that comes together from several gates.</summary>
/// <param name="request">What it answers.</param>
/// <param name="asked">The other gates.</param>
internal abstract class Gather(Asked request, IEnumerable<NodeId> asked)
{
    private readonly SortedSet<NodeId> _open = [.. asked];
    private readonly SortedSet<NodeId> _missing = [];

    public Asked Request => request;

    /// <summary>Whether every gate has answered or will not.</summary>
    public bool IsComplete => _open.Count == 0;

    /// <summary>Whether asking again would not make the answer better.</summary>
    public abstract bool IsFinal { get; }

    public abstract ClientResponse Result { get; }

    /// <summary>Gates that did not answer with their part.</summary>
    protected IReadOnlyCollection<NodeId> Missing => _missing;

    public void Take(NodeId gate, ClientResponse response)
    {
        if (_open.Remove(gate) && !TryAdd(response)) _missing.Add(gate);
    }

    public void Miss(NodeId gate)
    {
        if (_open.Remove(gate)) _missing.Add(gate);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        foreach (var gate in _open.Concat(_missing)) fingerprint.Add(gate);
        AddContentTo(ref fingerprint);
    }

    /// <summary>Takes another gate's part; false when it is none.</summary>
    protected abstract bool TryAdd(ClientResponse response);

    protected abstract void AddContentTo(ref Fingerprint fingerprint);
}

/// <summary>What every gate says of its replicas.</summary>
/// <param name="request">What it answers.</param>
/// <param name="own">What this gate says.</param>
/// <param name="asked">The other gates.</param>
internal sealed class ClusterGather(Asked request, GateReplicas own, IEnumerable<NodeId> asked)
    : Gather(request, asked)
{
    private readonly SortedDictionary<NodeId, GateReplicas> _gates = new() { [own.Gate] = own };

    public override bool IsFinal => true;

    public override ClientResponse Result =>
        new ClientResponse.Cluster([.. _gates.Values], [.. Missing.Select(gate => gate.Name)]);

    protected override bool TryAdd(ClientResponse response)
    {
        if (response is not ClientResponse.Cluster cluster) return false;
        foreach (var gate in cluster.Gates) _gates[gate.Gate] = gate;
        return true;
    }

    protected override void AddContentTo(ref Fingerprint fingerprint)
    {
        foreach (var gate in _gates.Keys) fingerprint.Add(gate);
    }
}

/// <summary>A list of jobs that comes together from several gates.</summary>
/// <param name="request">What the list answers.</param>
/// <param name="own">What this gate knows.</param>
/// <param name="asked">The other gates.</param>
/// <param name="limit">Most jobs of the list.</param>
/// <param name="groups">How many ledger groups the list has to cover; 0 for whatever there is.</param>
internal sealed class ListGather(
    Asked request, ClientResponse.Jobs own, IEnumerable<NodeId> asked, int limit, int groups)
    : Gather(request, asked)
{
    private const int NamedGroupsMax = 8;

    private readonly SortedSet<int> _led = [.. own.Led];

    // While the lead of a group moves, two gates may tell of the same job: an end is for good.
    private readonly SortedDictionary<JobId, JobSummary> _jobs = ById(own.List);

    /// <summary>Whether asking again would not make the list longer: somebody leads every ledger group, or a
    /// gate does not answer.</summary>
    public override bool IsFinal => Missing.Count > 0 || _led.Count >= groups;

    public override ClientResponse Result => new ClientResponse.Jobs(
        [
            .. _jobs.Values.OrderByDescending(job => job.Submitted).ThenByDescending(job => job.Id)
                .Take(limit),
        ],
        [.. Missing.Select(gate => gate.Name), .. MissingGroups])
    {
        Led = groups == 0 ? [.. _led] : [],
    };

    private IEnumerable<string> MissingGroups
    {
        get
        {
            List<int> missing = [.. Enumerable.Range(0, groups).Where(group => !_led.Contains(group))];
            return missing.Count > NamedGroupsMax
                ? [$"{missing.Count} ledger groups"]
                : missing.Select(group => $"ledger group {group}");
        }
    }

    protected override bool TryAdd(ClientResponse response)
    {
        if (response is not ClientResponse.Jobs jobs) return false;
        _led.UnionWith(jobs.Led);
        foreach (var job in jobs.List)
            if (!_jobs.TryGetValue(job.Id, out var known) || !known.IsTerminal) _jobs[job.Id] = job;
        return true;
    }

    protected override void AddContentTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)limit);
        foreach (var group in _led) fingerprint.Add((long)group);
        foreach (var job in _jobs.Keys) job.AddTo(ref fingerprint);
    }

    private static SortedDictionary<JobId, JobSummary> ById(IEnumerable<JobSummary> jobs)
    {
        var byId = new SortedDictionary<JobId, JobSummary>();
        foreach (var job in jobs) byId.Add(job.Id, job);
        return byId;
    }
}
