using System.Text;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>One life of a node that alone owns some ledger groups: its disk in memory, and a ledger whose
/// state is, for each group, the list of everything applied.</summary>
internal sealed class ReplicaLife
{
    public const int Groups = 4;

    public static readonly NodeId Self = NodeId.Of("gate-a");

    private readonly Outbox<ReplicaEffect> _outbox = new();
    private readonly ulong _life;
    private (long Lsn, byte[] Bytes)? _storing;
    private byte[] _snapshot = [];

    public ReplicaLife(long logBytesMax = LedgerReplicas.LogBytesMaxDefault)
        : this(0, [], [], 1, logBytesMax)
    {
    }

    private ReplicaLife(
        long snapshotLsn, byte[] snapshot, List<ReadOnlyMemory<byte>> records, ulong life, long logBytesMax)
    {
        Replicas = new LedgerReplicas(
            Self, Enumerable.Range(0, Groups).Select(group => (group, (IReadOnlyList<NodeId>)[Self])),
            ReplicaTimes.Default)
        {
            LogBytesMax = logBytesMax,
        };
        _snapshot = snapshot;
        _life = life;
        SnapshotLsn = snapshotLsn;
        Records = records;
        var after = records.Skip((int)snapshotLsn).ToList();
        Verdict = Step(new ReplicaInput.Recovered(snapshotLsn, snapshot, after, life, NewLife: null));
    }

    public LedgerReplicas Replicas { get; }

    public ReplicaVerdict Verdict { get; }

    /// <summary>Every record ever appended, durable or not; the record of LSN n is at n - 1.</summary>
    public List<ReadOnlyMemory<byte>> Records { get; }

    /// <summary>The ledger: the commands of every group.</summary>
    public List<int>[] Applied { get; } = [.. Enumerable.Range(0, Groups).Select(_ => new List<int>())];

    /// <summary>Entries applied in this life.</summary>
    public List<LogEntry> Entries { get; } = [];

    /// <summary>Groups that this life leads, in the order in which they began.</summary>
    public List<int> Led { get; } = [];

    public long SnapshotLsn { get; private set; }

    public int InFlight => (int)(Replicas.AppendedLsn - Replicas.PersistedLsn);

    public ulong Fingerprint
    {
        get
        {
            var fingerprint = new Fingerprint();
            Replicas.AddTo(ref fingerprint);
            return fingerprint.Value;
        }
    }

    public ReplicaVerdict Propose(int group, int command, long stamp = 1000) => Step(
        new ReplicaInput.Proposed(group, BitConverter.GetBytes(command), new WallTime(stamp)));

    public void Persist(long lsn)
    {
        Step(new ReplicaInput.Persisted(lsn));
        if (_storing is { } storing && storing.Lsn <= lsn)
            (SnapshotLsn, _snapshot, _storing) = (storing.Lsn, storing.Bytes, null);
    }

    public void PersistAll()
    {
        while (InFlight > 0) Persist(Replicas.AppendedLsn);
    }

    /// <summary>The ledger's state goes to the disk, behind the records that it covers.</summary>
    public void Snapshot()
    {
        var states = new SortedDictionary<int, ReadOnlyMemory<byte>>();
        for (var group = 0; group < Groups; group++)
            states.Add(group, Encoding.UTF8.GetBytes(string.Join(' ', Applied[group])));
        Step(new ReplicaInput.StateCaptured(states));
    }

    /// <summary>The next life, on a disk that holds the first <paramref name="kept"/> records.</summary>
    public ReplicaLife Crash(int kept) =>
        new(SnapshotLsn, _snapshot, Records[..kept], _life + 1, Replicas.LogBytesMax);

    /// <summary>The next life, on a disk that holds the same records and no snapshot.</summary>
    public ReplicaLife CrashWithoutSnapshot(int kept) =>
        new(0, [], Records[..kept], _life + 1, Replicas.LogBytesMax);

    private ReplicaVerdict Step(ReplicaInput input)
    {
        _outbox.Clear();
        var verdict = Replicas.Step(input, Instant.Zero, _outbox);
        if (InFlight < 1000) Replicas.CheckInvariants();
        foreach (var effect in _outbox.Effects)
        {
            switch (effect)
            {
                case ReplicaEffect.Append append:
                    Records.Add(append.Record);
                    break;
                case ReplicaEffect.Apply apply:
                    Entries.Add(apply.Entry);
                    Applied[apply.Entry.Group].Add(BitConverter.ToInt32(apply.Entry.Command.Span));
                    break;
                case ReplicaEffect.Restore restore:
                    Applied[restore.Group] = [.. Encoding.UTF8.GetString(restore.State.Span)
                        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
                    break;
                case ReplicaEffect.Store store:
                    _storing = (store.Lsn, store.Snapshot.ToArray());
                    break;
                case ReplicaEffect.ViewStarted { IsPrimary: true } started:
                    Led.Add(started.Group);
                    break;
                default:
                    throw new ArgumentException($"{effect}");
            }
        }

        return verdict;
    }
}
