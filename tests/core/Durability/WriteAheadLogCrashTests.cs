using CsCheck;
using Hyperscale.Det.Durability;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Durability;

public sealed class WriteAheadLogCrashTests
{
    [Fact]
    public void A_crash_after_any_disk_command_loses_nothing_that_was_acknowledged() =>
        Gen.ULong.Sample(CrashAtEveryCommand, iter: 60);

    [Fact]
    public void Starts_that_crash_again_and_again_lose_nothing_and_never_repeat_a_boot() =>
        Gen.ULong.Sample(CrashRepeatedly, iter: 60);

    private static void CrashAtEveryCommand(ulong seed)
    {
        var history = new LogHistory();
        var rng = new Rng(seed);
        RunWithCrashes(history, history.PlanOpen(), rng);
        for (var step = 0; step < 12; step++) RunWithCrashes(history, PlanAny(history, rng), rng);
        RunWithCrashes(history, history.PlanOpen(), rng);
        Assert.Equal(history.Records.Count, history.Log.LastLsn);
    }

    /// <summary>Carries out the plan and, before each command and at its end, lets a copy crash, recover,
    /// crash while recovering, recover again and go on.</summary>
    private static void RunWithCrashes(LogHistory history, IReadOnlyList<DiskCommand> plan, Rng rng)
    {
        for (var i = 0; i <= plan.Count; i++)
        {
            var survivor = Recover(history.Crash(rng), rng, crashes: 1);
            survivor.Do(survivor.PlanAppend(LogHistory.Record(rng, 5000)));
            Recover(survivor.Crash(rng), rng, crashes: 0);
            if (i < plan.Count) history.Disk.Execute(plan[i]);
        }
    }

    private static LogHistory Recover(LogHistory history, Rng rng, int crashes)
    {
        var plan = history.PlanOpen();
        for (; crashes > 0; crashes--)
        {
            var done = (int)rng.Below(plan.Count + 1);
            history.Do([.. plan.Take(done)]);
            history = history.Crash(rng);
            plan = history.PlanOpen();
        }

        history.Do(plan);
        return history;
    }

    private static void CrashRepeatedly(ulong seed)
    {
        var history = new LogHistory();
        var rng = new Rng(seed);
        var boots = new HashSet<BootId>();
        for (var start = 0; start < 8; start++)
        {
            var plan = history.PlanOpen();
            var complete = rng.Chance(2, 3);
            history.Do(complete ? plan : [.. plan.Take((int)rng.Below(plan.Count))]);
            if (complete)
            {
                Assert.True(boots.Add(history.Boot));
                for (var step = rng.Below(10); step > 0; step--) history.Do(PlanAny(history, rng));
                var last = PlanAny(history, rng);
                history.Do([.. last.Take((int)rng.Below(last.Count + 1))]);
            }

            history = history.Crash(rng);
        }
    }

    private static IReadOnlyList<DiskCommand> PlanAny(LogHistory history, Rng rng)
    {
        switch (rng.Below(6))
        {
            case 0 when history.Disk.DurableLsn > history.SnapshotLsn:
                return history.PlanSnapshot(rng.Between(history.SnapshotLsn + 1, history.Disk.DurableLsn));
            case 1:
                return history.PlanSeal();
            default:
                var records = new WalRecord[rng.Between(1, 12)];
                var payloadMax = rng.Pick([0, 40, 1500, 9000]);
                for (var i = 0; i < records.Length; i++) records[i] = LogHistory.Record(rng, payloadMax);
                return history.PlanAppend(records);
        }
    }
}
