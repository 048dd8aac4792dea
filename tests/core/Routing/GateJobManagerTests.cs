using Hyperscale.Det.Capacity;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Routing;
using static Hyperscale.Det.Tests.Core.Routing.RoutingSamples;

namespace Hyperscale.Det.Tests.Core.Routing;

public sealed class GateJobManagerTests
{
    private static readonly DatacenterName East = DatacenterName.Of("east");
    private static readonly DatacenterName West = DatacenterName.Of("west");
    private static readonly JobId Job = new(0, 1);

    private readonly GateJobManager _jobs = new();

    [Fact]
    public void A_result_finds_its_dispatch_once()
    {
        Send(East, at: 3);

        Assert.True(_jobs.TryEnd(Job, 0, East, out var dispatch));
        Assert.Equal(new RecordedDispatch(East, 1, At(3), Duration.FromSeconds(60)), dispatch);
        Assert.False(_jobs.TryEnd(Job, 0, East, out _));
    }

    [Fact]
    public void Sending_again_keeps_the_time_and_sending_elsewhere_begins_anew()
    {
        Send(East, at: 3);
        Send(East, at: 5);
        Send(West, at: 9);

        Assert.False(_jobs.TryEnd(Job, 0, East, out _));
        Assert.True(_jobs.TryEnd(Job, 0, West, out var dispatch));
        Assert.Equal((At(9), 2L), (dispatch.At, dispatch.Sequence));
    }

    [Fact]
    public void What_never_ends_is_forgotten_ten_minutes_after_the_deadline_of_its_job()
    {
        Send(East, at: 3);

        _jobs.Expire(At(699));
        Assert.Equal(1, _jobs.Count);
        _jobs.Expire(At(700));
        Assert.Equal(0, _jobs.Count);
        _jobs.CheckInvariants();
    }

    [Fact]
    public void What_is_forgotten_teaches_nothing()
    {
        Send(East, at: 3);
        _jobs.Forget(Job, 0);

        Assert.False(_jobs.TryEnd(Job, 0, East, out _));
        Assert.Equal(0, _jobs.Count);
        _jobs.CheckInvariants();
    }

    [Fact]
    public void Of_too_many_dispatches_the_oldest_make_room()
    {
        for (var i = 0; i <= GateJobManager.DispatchesMax; i++)
            _jobs.Sent(new JobId(0, i), 0, East, Duration.Zero, At(100), At(0));

        Assert.Equal(GateJobManager.DispatchesMax, _jobs.Count);
        Assert.False(_jobs.TryEnd(new JobId(0, 0), 0, East, out _));
        Assert.True(_jobs.TryEnd(new JobId(0, 1), 0, East, out _));
    }

    private void Send(DatacenterName datacenter, int at)
    {
        _jobs.Sent(Job, 0, datacenter, Duration.FromSeconds(60), deadline: At(100), now: At(at));
        _jobs.CheckInvariants();
    }
}
