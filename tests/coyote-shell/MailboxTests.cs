using Hyperscale.Det.Shell.Hosting;
using Hyperscale.Det.Tests.Exploration;

namespace Hyperscale.Det.Tests.CoyoteShell;

/// <summary>Many writers, one reader, one order: what is taken arrives once, in each writer's
/// order.</summary>
public sealed class MailboxTests
{
    [Fact]
    public void Everything_taken_arrives_once_and_in_order() =>
        Scenario.Of(() => Converse(new MonitorMailbox<int>(bound: 1))).HoldsAlways();

    [Fact]
    public void A_lost_wakeup_is_found_and_replayed() =>
        Assert.Contains(
            "Deadlock",
            Scenario.Of(() => Converse(new ForgetfulMailbox<int>(bound: 1))).BreaksAndReplays(),
            StringComparison.Ordinal);

    [Fact]
    public void The_recorded_schedule_that_loses_a_wakeup_still_does() =>
        Assert.Contains(
            "Deadlock",
            Scenario.Of(() => Converse(new ForgetfulMailbox<int>(bound: 1))).Replay("lost-wakeup.trace"),
            StringComparison.Ordinal);

    private static async Task Converse(IMailbox<int> mailbox)
    {
        var read = new List<int>();
        var reader = Task.Run(async () =>
        {
            while (await mailbox.WaitAsync()) mailbox.Drain(read, 2);
        });
        var taken = new List<int>[] { [], [], [] };
        var first = Task.Run(() => Post(mailbox, taken[0], 10));
        var second = Task.Run(() => Post(mailbox, taken[1], 20));
        var third = Task.Run(() =>
        {
            for (var item = 30; item < 33; item++)
                if (mailbox.Signal(item)) taken[2].Add(item);
        });
        await first;
        // The others may still be at it: what they offer from here on is taken or refused, never lost.
        mailbox.Close();
        await second;
        await third;
        await reader;

        for (var writer = 0; writer < taken.Length; writer++)
            Assert.Equal(taken[writer], read.Where(item => item / 10 == writer + 1));
        Assert.Equal(3, taken[0].Count);
        Assert.False(mailbox.Signal(99));
    }

    private static async Task Post(IMailbox<int> mailbox, List<int> taken, int from)
    {
        for (var item = from; item < from + 3; item++)
            if (await mailbox.PostAsync(item, CancellationToken.None)) taken.Add(item);
    }
}
