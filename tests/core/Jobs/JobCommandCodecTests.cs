using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Tests.Core.Idempotency;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobCommandCodecTests
{
    private static readonly Gen<string> Name = Gen.String[Gen.Char['a', 'z'], 1, 20];

    private static readonly Gen<JobCommand> Command = Gen.OneOf<JobCommand>(
        JobGens.JobSpec.Select(spec => new JobCommand.JobCreated(spec)),
        Gen.Select(JobGens.JobSpec, KeyGens.Reserved, (spec, key) => new JobCommand.JobCreated(spec, key)),
        Gen.Select(JobGens.JobSpec, JobGens.Terms, (spec, terms) =>
            new JobCommand.JobCreated(spec, null, terms)),
        Gen.Select(JobGens.JobSpec, Name.List[1, JobLimits.DatacentersMax], (spec, datacenters) =>
            new JobCommand.JobCreated(spec) { Datacenters = datacenters }),
        Gen.Select(
            JobGens.SlotKey, Gen.Int[1, JobLimits.RetryBudgetMax], Gen.Long[1, long.MaxValue],
            (slot, amount, revision) => new JobCommand.BudgetShare(slot, amount, revision)),
        Gen.Select(KeyGens.Reserved, JobGens.Reason, (key, why) => new JobCommand.JobRefused(key, why)),
        Gen.Select(JobGens.JobId, JobGens.Reason, (job, why) => new JobCommand.JobWithdrawn(job, why)),
        KeyGens.Retention.Select(retention => new JobCommand.KeysExpired(retention)),
        Gen.Select(JobGens.SlotKey, Name, (slot, dc) => new JobCommand.SlotAssigned(slot, dc)),
        JobGens.SlotKey.Select(slot => new JobCommand.SlotStarting(slot)),
        Gen.Select(JobGens.SlotKey, JobGens.Reason, (slot, why) => new JobCommand.SlotReleased(slot, why)),
        Gen.Select(JobGens.SlotKey, JobGens.SlotOutcome, (slot, o) => new JobCommand.SlotReported(slot, o)),
        JobGens.JobId.Select(job => new JobCommand.CancelRequested(job)),
        JobGens.JobId.Select(job => new JobCommand.DeadlineReached(job)),
        Gen.Select(JobGens.JobId, JobGens.Reason, (job, why) => new JobCommand.JobUnplaceable(job, why)));

    [Fact]
    public void Every_command_reads_back() => Command.Sample(command =>
    {
        var back = JobCommandCodec.Decode(JobCommandCodec.Encode(command), out var fault);
        Assert.True(back is not null, fault);
        Assert.Equal(Content.Of(command), Content.Of(back));
    });

    [Fact]
    public void Every_case_is_among_those_that_are_tried()
    {
        var seen = new HashSet<Type>();
        Command.Sample(command => { lock (seen) seen.Add(command.GetType()); }, iter: 300);

        Assert.Equal(
            Content.CasesOf(typeof(JobCommand)).OrderBy(type => type.Name),
            seen.OrderBy(type => type.Name));
    }

    [Fact]
    public void A_command_that_is_cut_off_anywhere_is_refused_with_a_reason() =>
        Gen.Select(Command, Gen.Int[1, 1 << 20]).Sample((command, cut) =>
        {
            var bytes = JobCommandCodec.Encode(command);
            var rest = bytes.AsSpan(0, bytes.Length - 1 - (cut % bytes.Length));
            Assert.Null(JobCommandCodec.Decode(rest, out var fault));
            Assert.NotEmpty(fault);
        });

    [Fact]
    public void Bytes_of_any_kind_do_no_harm() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        var command = JobCommandCodec.Decode(bytes, out var fault);
        Assert.True(command is not null || fault.Length > 0);
    });

    [Fact]
    public void A_reason_that_is_too_long_is_cut_between_characters()
    {
        var reason = new string('x', JobLimits.ReasonLengthMax - 1) + "\U0001F600";
        var bytes = JobCommandCodec.Encode(new JobCommand.SlotReleased(default, reason));

        var back = Assert.IsType<JobCommand.SlotReleased>(JobCommandCodec.Decode(bytes, out _));
        Assert.Equal(reason[..^2], back.Reason);
    }
}
