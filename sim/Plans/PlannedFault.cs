using System.Text.Json.Serialization;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Sim.Coverage;

namespace Hyperscale.Det.Sim.Plans;

/// <summary>Trouble at a time.</summary>
/// <param name="At">From the start of the run.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "fault")]
[JsonDerivedType(typeof(Partition), "partition")]
[JsonDerivedType(typeof(ConnectionLoss), "connectionLoss")]
[JsonDerivedType(typeof(Crash), "crash")]
[JsonDerivedType(typeof(DiskStall), "diskStall")]
[JsonDerivedType(typeof(DiskError), "diskError")]
[JsonDerivedType(typeof(DiskLoss), "diskLoss")]
[JsonDerivedType(typeof(SlowProcess), "slowProcess")]
[JsonDerivedType(typeof(Pause), "pause")]
[JsonDerivedType(typeof(ClockRate), "clockRate")]
[JsonDerivedType(typeof(WallJump), "wallJump")]
[JsonDerivedType(typeof(SlowTarget), "slowTarget")]
[JsonDerivedType(typeof(FalseLatencies), "falseLatencies")]
[JsonDerivedType(typeof(FalseDigests), "falseDigests")]
[JsonDerivedType(typeof(FalseGossip), "falseGossip")]
public abstract record PlannedFault(Duration At)
{
    [JsonIgnore]
    public abstract FaultFamily Family { get; }

    /// <summary>Nothing passes from the one side to the other, nor back unless it is one-way.</summary>
    public sealed record Partition(
        Duration At, Duration Until, IReadOnlyList<string> From, IReadOnlyList<string> To, bool OneWay)
        : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.Partition;
    }

    /// <summary>The connection between two nodes is reset, if there is one.</summary>
    public sealed record ConnectionLoss(Duration At, string A, string B) : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.ConnectionLoss;
    }

    /// <summary>The node dies at the first instant from <paramref name="At"/> on that fits
    /// <paramref name="Point"/>, and is started again after <paramref name="Restart"/>.</summary>
    public sealed record Crash(
        Duration At, string Node, CrashPoint Point, CrashExtent Extent, Duration Restart) : PlannedFault(At)
    {
        public override FaultFamily Family => Point >= CrashPoint.RetryGranted ? FaultFamily.Handover
            : IsOfClient ? FaultFamily.ClientCrash
            : FaultFamily.Crash;

        private bool IsOfClient => Node.StartsWith("client", StringComparison.Ordinal);
    }

    /// <summary>Every sync takes this much longer.</summary>
    public sealed record DiskStall(Duration At, Duration Until, string Node, Duration PerSync)
        : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.DiskStall;
    }

    /// <summary>The next sync fails, which ends the node; it is started again after
    /// <paramref name="Restart"/>.</summary>
    public sealed record DiskError(Duration At, string Node, Duration Restart) : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.DiskError;
    }

    /// <summary>The node dies and finds its disk empty or damaged at its next start. Spared when one of those
    /// that share its ledgers has not made good its own loss, or when they are too few to learn
    /// from.</summary>
    public sealed record DiskLoss(Duration At, string Node, DiskLossKind Kind, Duration Restart)
        : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.DiskLoss;
    }

    /// <summary>Every batch takes this much longer.</summary>
    public sealed record SlowProcess(Duration At, Duration Until, string Node, Duration PerBatch)
        : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.SlowProcess;
    }

    /// <summary>What workloads load in a datacenter answers so many times slower; the network and the nodes
    /// are as they were.</summary>
    public sealed record SlowTarget(Duration At, Duration Until, string Datacenter, int Times)
        : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.SlowTarget;
    }

    /// <summary>What a datacenter's managers tell gates of latencies is as extreme as gates can read, and not
    /// true.</summary>
    /// <param name="Terrible">Else they are told to be perfect.</param>
    public sealed record FalseLatencies(Duration At, Duration Until, string Datacenter, bool Terrible)
        : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.Corruption;
    }

    /// <summary>What a worker tells its manager of recent latencies was never measured.</summary>
    /// <param name="Huge">It makes up as many as can be told; else as many as there were.</param>
    public sealed record FalseDigests(Duration At, Duration Until, string Worker, bool Huge)
        : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.Corruption;
    }

    /// <summary>What a gate tells the others of latencies is as extreme as they can read, not true, and newer
    /// than whatever a datacenter will ever report.</summary>
    /// <param name="Terrible">Else they are told to be perfect.</param>
    public sealed record FalseGossip(Duration At, Duration Until, string Gate, bool Terrible)
        : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.Corruption;
    }

    /// <summary>The process stands still; its workloads, its connections and the clock do not.</summary>
    public sealed record Pause(Duration At, string Node, Duration Length) : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.Pause;
    }

    /// <summary>From then on the node's monotonic clock runs at so many thousandths of the world's.</summary>
    public sealed record ClockRate(Duration At, string Node, int PerThousand) : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.Clock;
    }

    /// <summary>The node's wall clock is set forward or, negative, back.</summary>
    public sealed record WallJump(Duration At, string Node, long Milliseconds) : PlannedFault(At)
    {
        public override FaultFamily Family => FaultFamily.Clock;
    }
}

/// <summary>Where in its work a node dies.</summary>
public enum CrashPoint : byte
{
    /// <summary>Wherever it is.</summary>
    Anywhere,

    /// <summary>While a sync is under way.</summary>
    DuringSync,

    /// <summary>After a step, with some of its effects carried out and the others not.</summary>
    BetweenEffects,

    /// <summary>While effects wait for the disk.</summary>
    WithEffectsHeld,

    /// <summary>A manager, after a step in which a retry was granted, whose attempt is not started.</summary>
    RetryGranted,

    /// <summary>A gate, after a step in which it proposed the result that a job waits for.</summary>
    LastResultProposed,
}

/// <summary>What a disk loses.</summary>
public enum DiskLossKind : byte
{
    Everything,

    /// <summary>The identity, or the first file of the log.</summary>
    OneFile,

    /// <summary>One byte that was once durable is another one: of the identity, a snapshot, or a record that
    /// others follow.</summary>
    OneByte,
}

/// <summary>What dies.</summary>
public enum CrashExtent : byte
{
    /// <summary>The process: what it wrote is in the system's memory, its peers are told at once.</summary>
    Process,

    /// <summary>The machine: writes that were not synced may be lost or torn, its peers are told
    /// nothing.</summary>
    Machine,
}
