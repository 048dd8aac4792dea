using Hyperscale.Det.Kernel;

namespace Hyperscale.Det.Jobs;

/// <summary>Bounds of a job, the same where it is validated and where it is decoded from a peer.</summary>
public static class JobLimits
{
    public const int NameLengthMax = 128;
    public const int WorkflowsMax = 256;
    public const int DatacentersMax = 64;
    public const int ThresholdsMax = 64;
    public const int CoresMax = 4096;
    public const int VusMax = 100_000;
    public const int RateMax = 10_000_000;
    public const int UrlLengthMax = 8192;
    public const int HeadersMax = 64;
    public const int HeaderLengthMax = 8192;
    public const int BodyLengthMax = 256 * 1024;
    public const int ExpectMax = 64;
    public const int CommandPartsMax = 256;
    public const int CommandPartLengthMax = 32 * 1024;
    public const int OutputBytesMax = 64 * 1024;

    /// <summary>Outputs of all workflows of a slot together.</summary>
    public const int SlotOutputBytesMax = 2 * 1024 * 1024;

    /// <summary>Outputs of all slots in a job's status together.</summary>
    public const int StatusOutputBytesMax = 4 * 1024 * 1024;

    public const int ReasonLengthMax = 1024;
    public const int ErrorKindsMax = 32;
    public const int CpuPercentMax = 100 * CoresMax;
    public const int FileDescriptorsMax = 1_000_000_000;
    public const int SloMillisecondsMax = Slo.LatencySlo.TargetMsMax;
    public const int RetryBudgetMax = Reliability.RetryBudgetConfig.CeilingMax;
    public const int RetryBudgetPerWorkflowMax = Reliability.RetryBudgetConfig.PerWorkflowCeilingMax;
    public const int MethodLengthMax = 32;
    public const int StatusCodeMax = 999;
    public const int ThresholdLengthMax = 256;

    /// <summary>How often a slot can move to another datacenter.</summary>
    public const int EpochMax = 1_000_000;

    /// <summary>Lines that say how a job's datacenters were chosen, or how its latencies are.</summary>
    public const int RoutingLinesMax = 256;

    /// <summary>Refusals of a slot that are told to clients: the newest.</summary>
    public const int RefusalsToldMax = 16;

    /// <summary>First attempt and every retry of a workflow in one slot.</summary>
    public const int AttemptMax = 1_000_000;

    /// <summary>Most requests, errors or dropped arrivals of one attempt: those of every workflow in every
    /// slot of a job can be added up in 64 bits.</summary>
    public const long CountMax = 1L << 48;

    /// <summary>Most bytes received by one attempt; sums stop at <see cref="long.MaxValue"/>.</summary>
    public const long BytesReceivedMax = 1L << 60;

    /// <summary>Largest job file: 1 MiB, and as many characters once its target is filled in.</summary>
    public const int SpecBytesMax = 1024 * 1024;

    /// <summary>Faults reported of one job file; the last one says that there are more.</summary>
    public const int FaultsMax = 100;

    /// <summary>Notes in the answer to a submission.</summary>
    public const int NotesMax = 16;

    /// <summary>Longest duration of a workflow: 30 days.</summary>
    public const long DurationSecondsMax = 30L * 24 * 3600;

    /// <summary>Longest that one request may take: a day.</summary>
    public const long RequestTimeoutSecondsMax = 24L * 3600;

    /// <summary>Longest wait for a best-effort job's datacenters: an hour (AD-44).</summary>
    public const long BestEffortDeadlineSecondsMax = 3600;

    /// <summary>The sentence, or the start of one that is too long to be stored and sent.</summary>
    public static string Clip(string reason) => ClippedText.Of(reason, ReasonLengthMax);
}
