using CsCheck;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Tests.Core.Wire;
using Hyperscale.Det.Wire;

namespace Hyperscale.Det.Tests.Core.Jobs;

public sealed class JobFieldsTests
{
    [Fact]
    public void A_job_id_comes_back() => Check(JobGens.JobId, JobFields.Write, JobFields.ReadJobId);

    [Fact]
    public void A_slot_key_comes_back() => Check(JobGens.SlotKey, JobFields.Write, JobFields.ReadSlotKey);

    [Fact]
    public void An_attempt_key_comes_back() =>
        Check(JobGens.AttemptKey, JobFields.Write, JobFields.ReadAttemptKey);

    [Fact]
    public void A_job_comes_back() => Check(JobGens.JobSpec, JobFields.Write, JobFields.ReadJobSpec);

    [Fact]
    public void Any_job_that_a_file_can_say_comes_back() =>
        Check(ValidJobs.Any, JobFields.Write, JobFields.ReadJobSpec);

    [Fact]
    public void A_workflow_comes_back() =>
        Check(JobGens.Workflow, JobFields.Write, JobFields.ReadWorkflowSpec);

    [Fact]
    public void Numbers_of_a_run_come_back() =>
        Check(JobGens.RunStats, JobFields.Write, JobFields.ReadRunStats);

    [Fact]
    public void An_attempts_outcome_comes_back() =>
        Check(JobGens.AttemptOutcome, JobFields.Write, JobFields.ReadAttemptOutcome);

    [Fact]
    public void A_workflows_result_comes_back() => Check(
        JobGens.SlotOutcome.Where(o => o.Workflows.Count > 0).Select(outcome => outcome.Workflows[0]),
        JobFields.Write,
        JobFields.ReadWorkflowResult);

    [Fact]
    public void A_slots_outcome_comes_back() =>
        Check(JobGens.SlotOutcome, JobFields.Write, JobFields.ReadSlotOutcome);

    [Fact]
    public void A_slots_status_comes_back() => Check(
        JobGens.JobStatus.Where(s => s.Slots.Count > 0).Select(status => status.Slots[0]),
        JobFields.Write,
        JobFields.ReadSlotStatus);

    [Fact]
    public void Progress_comes_back() => Check(
        JobGens.Progress.Where(list => list.Count > 0).Select(list => list[0]),
        JobFields.Write,
        JobFields.ReadWorkflowProgress);

    [Fact]
    public void A_status_comes_back() =>
        Check(JobGens.JobStatus, JobFields.Write, JobFields.ReadJobStatus, iterations: 100);

    [Fact]
    public void A_summary_comes_back() =>
        Check(JobGens.JobSummary, JobFields.Write, JobFields.ReadJobSummary);

    [Fact]
    public void A_fault_comes_back() => Check(JobGens.JobFault, JobFields.Write, JobFields.ReadJobFault);

    /// <summary>A value comes back; later versions may add fields; what is missing is named.</summary>
    private static void Check<T>(
        Gen<T> values, Action<FieldWriter, T> write, FieldsReader<T?> read, int iterations = 200) =>
        values.Sample(
            value =>
            {
                var writer = new FieldWriter();
                write(writer, value);
                Assert.Null(Fault(writer.Written, out var content));
                Assert.Equal(Content.Of(value), content);
                Evolution.UnknownFieldsAreSkipped(writer.Written, Fault);
                Evolution.MissingFieldsAreNamed(typeof(T), writer.Written, Fault);

                string? Fault(ReadOnlySpan<byte> fields, out string found)
                {
                    var reader = new FieldReader(fields);
                    found = Content.Of(read(ref reader));
                    return reader.Fault;
                }
            },
            iter: iterations);
}
