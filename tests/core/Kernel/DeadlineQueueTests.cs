using CsCheck;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class DeadlineQueueTests
{
    private enum Kind : byte { Set, SetNever, Remove, TryGet, Pop }

    private readonly record struct Operation(Kind Kind, int Key, Instant At);

    // Few keys and few instants, so that they meet.
    private static readonly Gen<Operation> Operations = Gen.Select(
        Gen.Enum<Kind>(),
        Gen.Int[0, 5],
        Gen.Long[0, 8],
        (kind, key, at) => new Operation(kind, key, new Instant(at)));

    [Fact]
    public void It_does_what_a_sorted_list_does() => Operations.List[0, 60].Sample(
        operations =>
        {
            var queue = new DeadlineQueue<int>();
            var model = new List<(Instant At, int Key)>();
            foreach (var operation in operations)
            {
                Carry(operation, queue, model);
                Assert.Equal(model.Count, queue.Count);
                Assert.Equal(model.Count == 0 ? Instant.Never : model[0].At, queue.NextDeadline);
            }
        },
        iter: 5000);

    [Fact]
    public void Equal_deadlines_come_by_key_whatever_the_order_of_setting()
    {
        var queue = new DeadlineQueue<int>();
        foreach (var key in new[] { 3, 1, 2 }) queue.Set(key, new Instant(5));

        Assert.Equal([1, 2, 3], Popped(queue, new Instant(5)));
    }

    [Fact]
    public void A_deadline_is_due_at_its_instant_and_not_before()
    {
        var queue = new DeadlineQueue<int>();
        queue.Set(1, new Instant(5));

        Assert.False(queue.TryPop(new Instant(4), out _));
        Assert.True(queue.TryPop(new Instant(5), out _));
    }

    [Fact]
    public void Queues_with_equal_deadlines_have_equal_fingerprints_whatever_happened_before()
    {
        var (first, second) = (new DeadlineQueue<int>(), new DeadlineQueue<int>());
        first.Set(1, new Instant(5));
        first.Set(2, new Instant(6));
        second.Set(2, new Instant(9));
        second.Set(1, new Instant(5));
        Assert.NotEqual(Fingerprint(first), Fingerprint(second));
        second.Set(2, new Instant(6));

        Assert.Equal(Fingerprint(first), Fingerprint(second));
    }

    private static void Carry(
        Operation operation, DeadlineQueue<int> queue, List<(Instant At, int Key)> model)
    {
        var at = model.FindIndex(entry => entry.Key == operation.Key);
        switch (operation.Kind)
        {
            case Kind.Set:
                queue.Set(operation.Key, operation.At);
                if (at >= 0) model.RemoveAt(at);
                model.Add((operation.At, operation.Key));
                model.Sort();
                break;
            case Kind.SetNever:
                queue.Set(operation.Key, Instant.Never);
                if (at >= 0) model.RemoveAt(at);
                break;
            case Kind.Remove:
                Assert.Equal(at >= 0, queue.Remove(operation.Key));
                if (at >= 0) model.RemoveAt(at);
                break;
            case Kind.TryGet:
                Assert.Equal(at >= 0, queue.TryGet(operation.Key, out var found));
                if (at >= 0) Assert.Equal(model[at].At, found);
                break;
            case Kind.Pop:
                var isDue = model.Count > 0 && model[0].At <= operation.At;
                Assert.Equal(isDue, queue.TryPop(operation.At, out var key));
                if (!isDue) break;
                Assert.Equal(model[0].Key, key);
                model.RemoveAt(0);
                break;
            default:
                throw new ArgumentException($"{operation}");
        }
    }

    private static List<int> Popped(DeadlineQueue<int> queue, Instant now)
    {
        var keys = new List<int>();
        while (queue.TryPop(now, out var key)) keys.Add(key);
        return keys;
    }

    private static ulong Fingerprint(DeadlineQueue<int> queue)
    {
        var fingerprint = new Fingerprint();
        queue.AddTo(ref fingerprint, key => (ulong)key);
        return fingerprint.Value;
    }
}
