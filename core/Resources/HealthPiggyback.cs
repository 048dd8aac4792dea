using Hyperscale.Det.Kernel;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Resources;

/// <summary>How a node is, in a few bytes.</summary>
/// <param name="CpuPermille">Pressure, 0 to 1000.</param>
/// <param name="MemoryPermille">Pressure, 0 to 1000.</param>
/// <param name="Age">How old it was when it was sent: no clock but the receiver's is ever read.</param>
public sealed record HealthRecord(
    NodeId Node, StateVersion Version, int CpuPermille, int MemoryPermille, Duration Age)
{
    /// <summary>The worse of both pressures, 0 to 1.</summary>
    public double WorstPressure => Math.Max(CpuPermille, MemoryPermille) / 1000.0;

    public static int Permille(double pressure) => (int)Math.Round(Math.Clamp(pressure, 0, 1) * 1000);

    /// <summary>What a record takes in a message at most.</summary>
    public static int BytesMaxOf(HealthRecord record) =>
        // Tag and length; the name; the version's two numbers in a field; two pressures; the age.
        2 + 2 + record.Node.Name.Length + 2 + 1 + 5 + 1 + Varint.BytesMax + 3 + 3 + 1 + 4;

    public static void Write(FieldWriter writer, HealthRecord record)
    {
        writer.Text(1, record.Node.Name);
        writer.Nested(2, record.Version, ResourceFields.Write);
        writer.Number(3, record.CpuPermille);
        writer.Number(4, record.MemoryPermille);
        ResourceFields.WriteAge(writer, 5, record.Age);
    }

    public static HealthRecord? Read(ref FieldReader reader)
    {
        NodeId node = default;
        StateVersion version = default;
        var (cpu, memory) = (0, 0);
        var age = Duration.Zero;
        while (reader.Next(out var field))
        {
            switch (field)
            {
                case 1: node = reader.Node("node"); break;
                case 2: version = reader.Nested("version", ResourceFields.ReadVersion); break;
                case 3: cpu = reader.Integer("cpu", 0, 1000); break;
                case 4: memory = reader.Integer("memory", 0, 1000); break;
                case 5: age = ResourceFields.ReadAge(ref reader); break;
                default: break;
            }
        }

        for (var field = 1; field <= 5; field++) reader.Require(field, $"field {field}");
        return reader.Fault is null ? new HealthRecord(node, version, cpu, memory, age) : null;
    }

    /// <summary>What it tells beside its node and version.</summary>
    public static void AddTo(HealthRecord record, ref Fingerprint fingerprint)
    {
        fingerprint.Add((long)record.CpuPermille);
        fingerprint.Add((long)record.MemoryPermille);
        fingerprint.Add(record.Age.Nanoseconds);
    }
}

/// <summary>What rides on the messages of membership: how members are, the sender first, then those that were
/// told longest ago.</summary>
/// <param name="self">This node.</param>
/// <param name="membersMax">Members of which something is kept.</param>
public sealed class HealthPiggyback(NodeId self, int membersMax)
{
    /// <summary>Room in a datagram.</summary>
    public const int BytesMax = 200;

    /// <summary>A record is not believed any longer.</summary>
    public static readonly Duration Staleness = Duration.FromSeconds(30);

    private readonly NodeHealthTracker<HealthRecord> _members = new(Staleness, membersMax);

    // The turn in which a member was told last; one that is new comes first, once.
    private readonly SortedDictionary<NodeId, long> _toldIn = [];
    private long _turn;

    /// <summary>How this node is, from here on.</summary>
    public void Set(StateVersion version, double cpuPressure, double memoryPressure, Instant now) =>
        _members.Observe(
            self, version,
            new HealthRecord(
                self, version, HealthRecord.Permille(cpuPressure), HealthRecord.Permille(memoryPressure),
                Duration.Zero),
            now);

    /// <summary>Takes what rode on a message; those of which something new was learned.</summary>
    public IReadOnlyList<HealthRecord> Receive(IReadOnlyList<HealthRecord> records, Instant now)
    {
        List<HealthRecord>? news = null;
        foreach (var record in records)
        {
            // Nobody else knows better how this node is.
            if (record.Node == self) continue;
            var verdict = _members.Observe(record.Node, record.Version, record, now, record.Age);
            if (verdict == TrackerVerdict.Accepted) (news ??= []).Add(record);
        }

        return news is null ? [] : news;
    }

    /// <summary>What rides on the next message.</summary>
    /// <param name="bytesMax">What it may take when encoded.</param>
    public IReadOnlyList<HealthRecord> Take(int bytesMax, Instant now)
    {
        var records = new List<HealthRecord>();
        var bytes = 0;
        _turn++;
        foreach (var (node, _, record, age) in _members.Fresh(now)
            .OrderBy(member => member.Node != self).ThenBy(member => _toldIn.GetValueOrDefault(member.Node)))
        {
            bytes += HealthRecord.BytesMaxOf(record);
            if (bytes > bytesMax) break;
            records.Add(record with { Age = age });
            _toldIn[node] = _turn;
        }

        return records;
    }

    /// <summary>How a member is; null when that is not known.</summary>
    public HealthRecord? Of(NodeId member, Instant now) =>
        _members.TryGet(member, now, out var record) ? record : null;

    public void CheckInvariants()
    {
        _members.CheckInvariants();
        Invariant.Holds(_toldIn.Count <= membersMax);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _members.AddTo(ref fingerprint, HealthRecord.AddTo);
        fingerprint.Add(_turn);
        foreach (var (node, turn) in _toldIn)
        {
            fingerprint.Add(node);
            fingerprint.Add(turn);
        }
    }
}
