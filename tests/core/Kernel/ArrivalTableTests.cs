using CsCheck;
using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Tests.Core.Kernel;

public sealed class ArrivalTableTests
{
    private enum Kind : byte { Set, TryAdd, Remove, Take, Get }

    private readonly record struct Operation(Kind Kind, int Key, int Value);

    // Few keys, so that they meet.
    private static readonly Gen<Operation> Operations = Gen.Select(
        Gen.Enum<Kind>(), Gen.Int[0, 6], Gen.Int[0, 99],
        (kind, key, value) => new Operation(kind, key, value));

    [Fact]
    public void It_does_what_a_list_of_pairs_does() => Operations.List[0, 80].Sample(
        operations =>
        {
            var table = new ArrivalTable<JobId, int>();
            var model = new List<(JobId Key, int Value)>();
            foreach (var operation in operations)
            {
                Carry(operation, table, model);
                Assert.Equal(model.Count, table.Count);
                Assert.Equal(model, table.Entries);
                Assert.Equal(model.Select(entry => entry.Key), table.Keys);
                Assert.Equal(model.Select(entry => entry.Value), table.Values);
                Assert.Equal(model.Select(entry => entry.Value).Reverse(), table.NewestFirst);
            }
        },
        iter: 2000);

    [Fact]
    public void A_key_that_is_not_there_has_no_value()
    {
        var table = new ArrivalTable<JobId, string>();

        Assert.Null(table.GetValueOrDefault(new JobId(1, 1)));
        Assert.Throws<InvariantViolationException>(() => table[new JobId(1, 1)]);
    }

    private static void Carry(
        Operation operation, ArrivalTable<JobId, int> table, List<(JobId Key, int Value)> model)
    {
        var key = new JobId(operation.Key % 2, operation.Key);
        var at = model.FindIndex(entry => entry.Key == key);
        switch (operation.Kind)
        {
            case Kind.Set:
                table[key] = operation.Value;
                if (at >= 0) model[at] = (key, operation.Value);
                else model.Add((key, operation.Value));
                break;
            case Kind.TryAdd:
                Assert.Equal(at < 0, table.TryAdd(key, operation.Value));
                if (at < 0) model.Add((key, operation.Value));
                break;
            case Kind.Remove:
                Assert.Equal(at >= 0, table.Remove(key));
                if (at >= 0) model.RemoveAt(at);
                break;
            case Kind.Take:
                Assert.Equal(at >= 0, table.Remove(key, out var taken));
                if (at < 0) break;
                Assert.Equal(model[at].Value, taken);
                model.RemoveAt(at);
                break;
            case Kind.Get:
                Assert.Equal(at >= 0, table.ContainsKey(key));
                if (at >= 0) Assert.Equal(model[at].Value, table[key]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(operation));
        }
    }
}
