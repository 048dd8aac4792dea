using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Sim.Exhaustive;

/// <summary>Every message that any replica ever sent, by number; equal ones have one number.</summary>
internal sealed class LetterTable
{
    private readonly Dictionary<ulong, int> _numbers = [];
    private readonly List<Letter> _letters = [];
    private readonly FieldWriter _writer = new();

    public Letter this[int number] => _letters[number];

    public int NumberOf(int from, int to, VsrMessage message)
    {
        _writer.Clear();
        VsrFields.Write(_writer, message);
        var fingerprint = default(Fingerprint);
        fingerprint.Add((long)from);
        fingerprint.Add((long)to);
        fingerprint.Add(_writer.Written);
        if (_numbers.TryGetValue(fingerprint.Value, out var number)) return number;
        _numbers.Add(fingerprint.Value, _letters.Count);
        _letters.Add(new Letter(from, to, message));
        return _letters.Count - 1;
    }
}

internal sealed record Letter(int From, int To, VsrMessage Message)
{
    public override string ToString() =>
        $"{From}->{To} {Message.GetType().Name} view {Message.View}{Show(Message)}";

    private static string Show(VsrMessage message) => message switch
    {
        VsrMessage.Prepare prepare =>
            $"{Show(prepare.Previous.Op, prepare.Entries)} commit {prepare.CommitOp}",
        VsrMessage.PrepareOk ok => $" up to {ok.End.Op}",
        VsrMessage.DoViewChange change =>
            $" last normal {change.LastNormalView}{Show(change.TailFrom.Op, change.Tail)}",
        VsrMessage.StartView start => Show(start.TailFrom.Op, start.Tail),
        VsrMessage.NewState state => $"{Show(state.Previous.Op, state.Entries)} commit {state.CommitOp}",
        _ => "",
    };

    private static string Show(long op, IReadOnlyList<VsrEntry> entries) =>
        $" {op}:[{string.Join(' ', entries.Select(entry => $"{entry.View}{(entry.IsNoop ? "" : "*")}"))}]";
}
