using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class DispatchCommandCodecTests
{
    private static readonly Gen<NodeId> Node = Gen.OneOf(
        Gen.Const(NodeId.Of("gate-1")), Gen.Const(NodeId.Of("east/worker-2")));

    /// <summary>One generator a case of the closed set.</summary>
    private static readonly Gen<DispatchCommand> Command = Gen.OneOf(
        Gen.Select(JobGens.SlotKey, Gen.Long, Node, JobGens.JobSpec, (slot, fence, gate, spec) =>
            (DispatchCommand)new DispatchCommand.SlotReserved(slot, fence, gate, spec)),
        Gen.Select(
            JobGens.SlotKey, Gen.Long, Node, JobGens.JobSpec, KeyGens.Key, (slot, fence, gate, spec, key) =>
                (DispatchCommand)new DispatchCommand.SlotReserved(slot, fence, gate, spec, key)),
        Gen.Select(
            JobGens.SlotKey, Node, JobGens.JobSpec, JobGens.RetryShare, (slot, gate, spec, share) =>
                (DispatchCommand)new DispatchCommand.SlotReserved(slot, 1, gate, spec, null, share)),
        Gen.Select(
            JobGens.SlotKey, Gen.Long, Node, Gen.Int[0, JobLimits.RetryBudgetMax],
            Gen.Long[0, long.MaxValue], Gen.Bool, (slot, fence, gate, share, revision, isFinal) =>
                (DispatchCommand)new DispatchCommand.BudgetShared(
                    slot, fence, gate, share, revision, isFinal)),
        Gen.Select(JobGens.AttemptKey, JobGens.Reason, (attempt, cause) =>
            (DispatchCommand)new DispatchCommand.RetryGranted(attempt, cause)),
        Gen.Select(JobGens.AttemptKey, JobGens.Reason, (attempt, reason) =>
            (DispatchCommand)new DispatchCommand.RetryDenied(attempt, reason)),
        KeyGens.Retention.Select(r => (DispatchCommand)new DispatchCommand.KeysExpired(r)),
        Gen.Select(JobGens.SlotKey, Gen.Long, Node, JobGens.Reason, (slot, fence, gate, reason) =>
            (DispatchCommand)new DispatchCommand.SlotRefused(slot, fence, gate, reason)),
        Gen.Select(JobGens.SlotKey, Gen.Long, Node, (slot, fence, gate) =>
            (DispatchCommand)new DispatchCommand.SlotStarted(slot, fence, gate)),
        Gen.Select(JobGens.SlotKey, Gen.Long, Node, JobGens.Reason, (slot, fence, gate, reason) =>
            (DispatchCommand)new DispatchCommand.SlotCancelled(slot, fence, gate, reason)),
        JobGens.SlotKey.Select(slot => (DispatchCommand)new DispatchCommand.ReservationExpired(slot)),
        Gen.Select(JobGens.SlotKey, Gen.Long, (slot, fence) =>
            (DispatchCommand)new DispatchCommand.SlotForgotten(slot, fence)),
        Gen.Select(JobGens.AttemptKey, Node, Gen.ULong, (attempt, worker, boot) =>
            (DispatchCommand)new DispatchCommand.AttemptStarted(attempt, worker, new BootId(boot))),
        Gen.Select(
            JobGens.AttemptKey, Node, JobGens.AttemptOutcome, Gen.Long[0, 60_000_000_000],
            (attempt, worker, outcome, backoff) => (DispatchCommand)new DispatchCommand.AttemptEnded(
                attempt, worker, outcome, new Duration(backoff))));

    [Fact]
    public void A_command_comes_back_as_it_was_written()
    {
        var seen = new HashSet<Type>();
        Command.Sample(
            command =>
            {
                lock (seen) seen.Add(command.GetType());
                var read = DispatchCommandCodec.Decode(DispatchCommandCodec.Encode(command), out var fault);
                Assert.Equal("", fault);
                Assert.Equal(Content.Of(command), Content.Of(read));
            },
            iter: 1000);
        Assert.Equal(Content.CasesOf(typeof(DispatchCommand)).ToHashSet(), seen);
    }

    [Fact]
    public void What_is_cut_off_or_garbled_is_refused_with_a_reason() =>
        Gen.Select(Command, Gen.Int[0, 1000], Gen.Byte).Sample((command, at, wrong) =>
        {
            var bytes = DispatchCommandCodec.Encode(command);
            var cut = bytes[..(at % bytes.Length)];
            var read = DispatchCommandCodec.Decode(cut, out var fault);
            Assert.Equal(read is null, fault.Length > 0);
            // Where the last field may be absent, what is before it is a whole command.
            if (read is not null) Assert.Equal(cut, DispatchCommandCodec.Encode(read));
            bytes[at % bytes.Length] = wrong;
            read = DispatchCommandCodec.Decode(bytes, out fault);
            Assert.Equal(read is null, fault.Length > 0);
        });

    [Fact]
    public void What_is_cut_off_within_a_field_is_refused() => Command.Sample(command =>
    {
        var bytes = DispatchCommandCodec.Encode(command);
        Assert.Null(DispatchCommandCodec.Decode(bytes.AsSpan(0, bytes.Length - 1), out var fault));
        Assert.NotEqual("", fault);
    });

    [Fact]
    public void A_reason_that_is_too_long_is_cut()
    {
        var command = new DispatchCommand.SlotRefused(
            new SlotKey(new JobId(0, 1), 0, 1), 1, NodeId.Of("gate-1"), new string('x', 5000));
        var read = DispatchCommandCodec.Decode(DispatchCommandCodec.Encode(command), out _);
        Assert.Equal(
            JobLimits.ReasonLengthMax, Assert.IsType<DispatchCommand.SlotRefused>(read).Reason.Length);
    }
}
