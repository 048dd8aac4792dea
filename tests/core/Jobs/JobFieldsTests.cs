using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobFieldsTests
{
    [Fact]
    public void A_job_id_comes_back() => RoundTrip(JobGens.JobId, JobFields.Write, JobFields.ReadJobId);

    [Fact]
    public void A_slot_key_comes_back() =>
        RoundTrip(JobGens.SlotKey, JobFields.Write, JobFields.ReadSlotKey);

    [Fact]
    public void An_attempt_key_comes_back() =>
        RoundTrip(JobGens.AttemptKey, JobFields.Write, JobFields.ReadAttemptKey);

    [Fact]
    public void A_job_comes_back() => RoundTrip(JobGens.JobSpec, JobFields.Write, JobFields.ReadJobSpec);

    [Fact]
    public void A_workflow_comes_back() =>
        RoundTrip(JobGens.Workflow, JobFields.Write, JobFields.ReadWorkflowSpec);

    [Fact]
    public void Numbers_of_a_run_come_back() =>
        RoundTrip(JobGens.RunStats, JobFields.Write, JobFields.ReadRunStats);

    [Fact]
    public void An_attempts_outcome_comes_back() =>
        RoundTrip(JobGens.AttemptOutcome, JobFields.Write, JobFields.ReadAttemptOutcome);

    [Fact]
    public void A_slots_outcome_comes_back() =>
        RoundTrip(JobGens.SlotOutcome, JobFields.Write, JobFields.ReadSlotOutcome);

    [Fact]
    public void A_status_comes_back() =>
        RoundTrip(JobGens.JobStatus, JobFields.Write, JobFields.ReadJobStatus, iterations: 200);

    [Fact]
    public void A_summary_comes_back() =>
        RoundTrip(JobGens.JobSummary, JobFields.Write, JobFields.ReadJobSummary);

    [Fact]
    public void A_fault_comes_back() => RoundTrip(JobGens.JobFault, JobFields.Write, JobFields.ReadJobFault);

    private static void RoundTrip<T>(
        Gen<T> values, Action<FieldWriter, T> write, FieldsReader<T?> read, int iterations = 1000) =>
        values.Sample(
            value =>
            {
                var writer = new FieldWriter();
                write(writer, value);
                var reader = new FieldReader(writer.Written);
                var back = read(ref reader);
                Assert.Null(reader.Fault);
                Assert.Equal(Content.Of(value), Content.Of(back!));
            },
            iter: iterations);
}
