namespace Hyperscale.Det.Sim.Coverage;

/// <summary>Situations that a good set of seeds meets; those never met are reported.</summary>
public enum Probe : byte
{
    // Disk.
    TornTailCut,
    UnsyncedWriteLost,
    SegmentRolled,
    SegmentSealed,
    SnapshotStored,
    SnapshotRecovered,
    LifeBegun,
    DamageOutlived,
    LostDiskMadeGood,
    RecordsRecovered,
    CrashDuringSync,
    CrashDuringOpening,
    CrashBetweenEffects,
    CrashWithEffectsHeldBack,

    // Replication.
    ViewChanged,
    PrimaryRestarted,
    StaleLeaderCommanded,
    BackupCaughtUpByLog,
    BackupCaughtUpByState,
    ExitViewWithoutQuorum,
    LeaseLost,
    ForwardedToNewLeader,

    // Network.
    ConnectionRefused,
    ConnectionBroken,
    ConnectionStalled,
    StalledConnectionResumed,
    HalfOpenConnectionNoticed,
    StragglerDelivered,
    MessageDuplicated,
    MessageLost,
    DatagramReordered,
    CorruptFrameRefused,
    OneWayPartition,
    CallNeverLeft,

    // Membership.
    MemberSuspected,
    SuspicionContradicted,
    MemberDeclaredDead,
    DeadMemberReturned,
    RestartNoticed,

    // Processes.
    WorkerPausedPastItsLease,
    LeaseExpiredWithWorkRunning,
    WorkloadFailed,
    WorkloadHung,
    WorkloadDidNotStart,
    WorkloadIgnoredTermination,
    WorkloadKilledWithItsWorker,
    AttemptRetried,
    AttemptAbandoned,

    // Jobs.
    JobCompleted,
    JobFailed,
    JobCancelled,
    CancelledBeforeStart,
    CancelledWhileRunning,
    CancelAfterTheEnd,
    WorkflowQueuedForCores,
    SlotRefused,
    SlotMovedOn,
    ResultSentAgain,
    JobWithSeveralDatacenters,
    RequestForwarded,
    OutcomeUnknownToClient,
    UnavailableToClient,
    JobSurvivedCrashOfItsGate,
    SlotSurvivedCrashOfItsManager,
    ClientCrashedWithRequestOpen,

    // Retry budgets and best effort.
    RetryAfterLostWorker,
    ShareRaised,
    JobBudgetExhausted,
    WorkflowBudgetExhausted,
    ManagerChangedBetweenGrantAndStart,
    GateChangedBetweenLastResultAndEnd,
    DatacenterCutOffWithSharesOut,
    GrantInCutOffDatacenter,
    AllDatacentersReported,
    EnoughDatacentersReported,
    TooFewDatacentersLeft,
    DeadlineReached,
    ResultRacedTheDeadline,
    CancelRacedTheEnd,
    LateResultDropped,
    LateResultMerged,

    // Keys.
    KeyAnsweredAgain,
    KeyReusedForAnother,
    KeyRejected,
    KeyExpired,
    KeyPending,
    KeyWithdrawn,
}
