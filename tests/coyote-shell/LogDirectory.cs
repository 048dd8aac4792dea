using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Shell.Disk;
using Hyperscale.Det.Tests.Core.Durability;
using CoyoteRandom = Microsoft.Coyote.Random.Generator;

namespace Hyperscale.Det.Tests.CoyoteShell;

/// <summary>A data directory in memory that can crash, fail and be closed.</summary>
internal sealed class LogDirectory : IDisk
{
    private static readonly WalIdentity Identity = new("test", NodeId.Of("gate-1"));

    private static readonly WalOptions Options = new(
        SegmentBytes: 16 * 1024, BatchRecordsMax: 8, BatchBytesMax: 4096, SealAfter: Duration.Zero);

    private readonly CrashableDisk _disk = new();
    private readonly CoyoteRandom _choice = CoyoteRandom.Create();

    private int _executed;

    public LogDirectory()
    {
        var opening = Open(_disk);
        foreach (var command in opening.Plan) _disk.Execute(command);
        Log = opening.Log!;
    }

    public WriteAheadLog Log { get; }

    /// <summary>How many commands succeed before one fails; null when none does.</summary>
    public int? FailsAfter { get; init; }

    public bool HasFailed { get; private set; }

    public bool IsClosed { get; set; }

    /// <summary>What was done to the directory that must not be; null while all is well.</summary>
    public string? Violation { get; private set; }

    public void Execute(DiskCommand command)
    {
        if (IsClosed) Violation = $"{command} after the directory was closed";
        if (HasFailed) Violation = $"{command} after the disk had failed";
        if (_executed++ == FailsAfter)
        {
            HasFailed = true;
            throw new IOException("the disk failed");
        }

        _disk.Execute(command);
    }

    /// <summary>The records that a crash at this moment leaves.</summary>
    public IReadOnlyList<WalRecord> SurvivingRecords()
    {
        var opening = Open(_disk.Crash(new Rng((ulong)_choice.NextInteger(1000))));
        Assert.Null(opening.Fault);
        return opening.Recovered.Records;
    }

    private static WalOpening Open(CrashableDisk disk) =>
        WriteAheadLog.Open(
            Options, new DiskStart(Identity, 7, new WallTime(1), 1, EmptyDisk.NewNode), disk.Read());
}
