using CsCheck;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Replication;

namespace Hyperscale.Det.Tests.Core.Replication;

/// <summary>Arbitrary messages between replicas, of every kind.</summary>
internal static class VsrMessageGens
{
    private static readonly Gen<long> Number = Gen.Long[0, VsrFields.NumberMax];

    private static readonly Gen<byte[]> Bytes = Gen.Byte.Array[0, 40];

    private static readonly Gen<LogPosition> Position =
        Gen.Select(Number, Gen.ULong, (op, hash) => new LogPosition(op, hash));

    private static readonly Gen<IReadOnlyList<VsrEntry>> Entries =
        from entries in Gen.Select(
            Gen.Long[1, long.MaxValue], Number, Gen.Long, Bytes, Gen.ULong,
            (op, view, stamp, command, hash) => new VsrEntry(op, view, new WallTime(stamp), command, hash))
            .List[0, 4]
        select (IReadOnlyList<VsrEntry>)entries;

    public static readonly Gen<VsrMessage> Message = Gen.OneOf<VsrMessage>(
        from view in Number
        from life in Number
        from position in Position
        from commit in Number
        from entries in Entries
        select new VsrMessage.Prepare(view, life, position, commit, entries),
        Gen.Select(Number, Number, Position, Number, (view, life, end, committed) =>
            new VsrMessage.PrepareOk(view, life, end, committed)),
        Gen.Select(Number, Number, Number, (view, life, op) => new VsrMessage.Commit(view, life, op)),
        Gen.Select(Number, Number, (view, life) => new VsrMessage.ExitView(view, life)),
        Gen.Select(Number, Number, Number, Position, Entries, (view, life, normal, from, tail) =>
            new VsrMessage.DoViewChange(view, life, normal, from, tail)),
        Gen.Select(Number, Number, Position, Entries, (view, life, from, tail) =>
            new VsrMessage.StartView(view, life, from, tail)),
        Gen.Select(Number, Number, (view, life) => new VsrMessage.NewerView(view, life)),
        Gen.Select(Number, Number, Number, (view, life, known) =>
            new VsrMessage.LaterLife(view, life, known)),
        Gen.Select(Number, Number, Position, Gen.Int[0, 1000], (view, life, from, part) =>
            new VsrMessage.GetState(view, life, from, part)),
        from view in Number
        from life in Number
        from part in Gen.Int[0, 1000]
        from normal in Number
        from commit in Number
        from previous in Position
        from stamp in Gen.Long
        from piece in Gen.Null(Bytes)
        from entries in Entries
        from isLast in Gen.Bool
        select new VsrMessage.NewState(
            view, life, part, normal, commit, previous, new WallTime(stamp),
            piece is null ? (ReadOnlyMemory<byte>?)null : piece, entries, isLast),
        Gen.Select(Number, Number, Gen.ULong, (view, life, nonce) =>
            new VsrMessage.Recovery(view, life, nonce)),
        Gen.Select(Number, Number, Gen.ULong, Number, Gen.Bool, (view, life, nonce, recovered, isPrimary) =>
            new VsrMessage.RecoveryResponse(view, life, nonce, recovered, isPrimary)));
}
