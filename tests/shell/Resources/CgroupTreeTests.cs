using Hyperscale.Det.Kernel;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Shell.Processes;
using Hyperscale.Det.Shell.Resources;

namespace Hyperscale.Det.Tests.Shell.Resources;

/// <summary>A control group that the kernel does not let be read or written any more.</summary>
public sealed class CgroupTreeTests
{
    [Fact]
    public void A_group_that_is_gone_is_not_read_and_its_quota_is_nobodys_end()
    {
        var kind = new GoneGroups();
        using var tree = new CgroupTree(kind, "1", root: 2, holdsRoot: false);

        Assert.Null(tree.Read(Instant.Zero));
        tree.Throttle(new ThrottleOrder(CpuPercent: 50, RunPermille: 500));
        Assert.Equal(1, kind.Quotas);
    }

    private sealed class GoneGroups : ICgroupKind
    {
        public int Quotas { get; private set; }

        public string Name => "gone";

        public void Prepare()
        {
        }

        public void Create(string name, int root)
        {
        }

        public string DirectoryOf(string name) => "/nonexistent";

        public GroupReading Read(string name, int leftOut) => throw new IOException("no such group");

        public void SetQuota(string name, int? cpuPercent)
        {
            Quotas++;
            throw new IOException("invalid argument");
        }

        public int Kill(string name, int root, List<ProcessEntry> killed) => 0;

        public void EndLeftovers()
        {
        }

        public void Remove(string name)
        {
        }

        public int TryRemoveAgain() => 0;

        public void Remove()
        {
        }
    }
}
