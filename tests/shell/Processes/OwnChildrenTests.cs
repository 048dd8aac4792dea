using Hyperscale.Det.Shell.Processes;

namespace Hyperscale.Det.Tests.Shell.Processes;

public sealed class OwnChildrenTests
{
    // More than the kernel ever gives.
    private const int Id = int.MaxValue - 5;

    private static readonly ProcessEntry Child = new(Id, 1, Id, Id, false, 1, 0, 0, 0);

    [Fact]
    public async Task A_child_that_gets_the_id_of_one_that_is_just_reaped_is_not_forgotten()
    {
        OwnChildren.Start(() => Id);
        Task<int>? next = null;
        OwnChildren.Reap(() =>
        {
            next = Task.Run(() => OwnChildren.Start(() => Id), TestContext.Current.CancellationToken);
            // It has to wait until the one before it is forgotten.
            Assert.False(next.Wait(100, TestContext.Current.CancellationToken));
            return Id;
        });
        Assert.Equal(Id, await next!);

        Assert.Empty(OwnChildren.WithoutOwn([Child]));
        OwnChildren.Reap(() => Id);
        Assert.Single(OwnChildren.WithoutOwn([Child]));
    }
}
