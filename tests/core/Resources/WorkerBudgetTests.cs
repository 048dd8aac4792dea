using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;

namespace Hyperscale.Det.Tests.Core.Resources;

public sealed class WorkerBudgetTests
{
    private const long Total = 1_000_000_000;

    private readonly WorkerBudget _budget = new(cores: 2, ResourceConfig.Default);
    private Instant _now = Instant.Zero;

    [Fact]
    public void A_worker_whose_machine_runs_out_of_memory_takes_no_work_and_says_why()
    {
        Look(8, memory: 0.98);
        Assert.Equal("memory of its machine is used to 98%", _budget.OverBudget);
    }

    [Fact]
    public void A_short_peak_of_memory_is_no_reason()
    {
        Look(8, memory: 0.5);
        Look(4, memory: 0.99);
        Look(8, memory: 0.5);
        Assert.Null(_budget.OverBudget);
    }

    [Fact]
    public void It_takes_work_again_once_memory_has_been_free_for_the_grace()
    {
        Look(8, memory: 0.98);
        Look(20, memory: 0.5);
        Assert.Null(_budget.OverBudget);
    }

    [Fact]
    public void A_worker_whose_workloads_use_all_of_its_cores_takes_what_comes_next()
    {
        Look(60, cpu: 200);
        Assert.Null(_budget.OverBudget);
    }

    [Fact]
    public void A_worker_whose_workloads_use_more_than_its_cores_takes_no_work_and_says_why()
    {
        Look(12, cpu: 300);
        Assert.Equal("its workloads use 300% of a core together", _budget.OverBudget);
        _budget.CheckInvariants();
    }

    [Fact]
    public void Its_own_process_counts_by_what_it_used_since_the_reading_before()
    {
        Assert.True(Show(1, 5000));
        Assert.True(Show(2, 5500));
        Assert.Equal(50, _budget.Usage.CpuPercent);
        Assert.False(Show(2, 9));
    }

    private bool Show(long seconds, long cpuMs) => _budget.Observe(
        new NodeReading(new Instant(seconds * 1_000_000_000), cpuMs * 1_000_000, 0, 0), default);

    private void Look(int seconds, double memory = 0.5, double cpu = 10)
    {
        for (var i = 0; i < seconds; i++)
        {
            _now += Duration.FromSeconds(1);
            _budget.Observe(
                new NodeReading(_now, 0, (long)(memory * Total), Total), new ResourceUsage(cpu, 3, 0, 0));
            _budget.CheckInvariants();
        }
    }
}
