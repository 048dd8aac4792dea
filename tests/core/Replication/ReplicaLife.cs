using System.Text;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>One life of a node that owns a replica: its disk in memory, and a ledger whose state is the list
/// of everything applied.</summary>
internal sealed class ReplicaLife
{
    private readonly Outbox<ReplicaEffect> _outbox = new();
    private readonly uint _starts;
    private byte[] _snapshot = [];

    public ReplicaLife()
        : this(0, [], [], 1)
    {
    }

    private ReplicaLife(long snapshotLsn, byte[] snapshot, List<ReadOnlyMemory<byte>> records, uint starts)
    {
        _snapshot = snapshot;
        _starts = starts;
        SnapshotLsn = snapshotLsn;
        Records = records;
        var after = records.Skip((int)snapshotLsn).ToList();
        Step(new ReplicaInput.Recovered(snapshotLsn, snapshot, after, starts));
    }

    public SoleReplica Replica { get; } = new();

    /// <summary>Every record ever appended, durable or not; the record of LSN n is at n - 1.</summary>
    public List<ReadOnlyMemory<byte>> Records { get; }

    /// <summary>The ledger: <c>group:op=command</c> of every entry applied, snapshots included.</summary>
    public List<string> Applied { get; private set; } = [];

    /// <summary>Entries applied in this life.</summary>
    public List<LogEntry> Entries { get; } = [];

    public long SnapshotLsn { get; private set; }

    public ulong Fingerprint
    {
        get
        {
            var fingerprint = new Fingerprint();
            Replica.AddTo(ref fingerprint);
            return fingerprint.Value;
        }
    }

    public ReplicaVerdict Propose(int group, int command, long stamp = 1000) => Step(
        new ReplicaInput.Proposed(group, BitConverter.GetBytes(command), new WallTime(stamp)));

    public void Persist(long lsn) => Step(new ReplicaInput.Persisted(lsn));

    /// <summary>The ledger's state goes to the disk.</summary>
    public void Snapshot() => Step(new ReplicaInput.StateCaptured(
        Encoding.UTF8.GetBytes(string.Join(' ', Applied))));

    /// <summary>The next life, on a disk that holds the first <paramref name="kept"/> records.</summary>
    public ReplicaLife Crash(int kept) => new(SnapshotLsn, _snapshot, Records[..kept], _starts + 1);

    private ReplicaVerdict Step(ReplicaInput input)
    {
        _outbox.Clear();
        var verdict = Replica.Step(input, Instant.Zero, _outbox);
        // They look at every entry in flight, so they are left out where there are very many.
        if (Replica.InFlight < 1000) Replica.CheckInvariants();
        foreach (var effect in _outbox.Effects)
        {
            switch (effect)
            {
                case ReplicaEffect.Append append:
                    Records.Add(append.Record);
                    break;
                case ReplicaEffect.Apply apply:
                    Entries.Add(apply.Entry);
                    Applied.Add($"{apply.Entry.Group}:{apply.Entry.Op}={Command(apply.Entry)}");
                    break;
                case ReplicaEffect.Restore restore:
                    Applied = [.. Encoding.UTF8.GetString(restore.State.Span).Split(' ').Where(s => s != "")];
                    break;
                case ReplicaEffect.Store store:
                    (SnapshotLsn, _snapshot) = (store.Lsn, store.Snapshot.ToArray());
                    break;
                default:
                    throw new ArgumentException($"{effect}");
            }
        }

        return verdict;
    }

    private static int Command(LogEntry entry) => BitConverter.ToInt32(entry.Command.Span);
}
