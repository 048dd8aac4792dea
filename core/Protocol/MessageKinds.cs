namespace Hyperscale.Det.Protocol;

/// <summary>The numbers of <see cref="Message"/> on the wire.</summary>
/// <remarks>These numbers are for ever, here and below: none is ever given to another case, and a case that
/// is gone leaves its number unused.</remarks>
public enum MessageKind
{
    ClientCall = 1,
    ClientAnswer = 2,
    DebitsTold = 3,
    SloTold = 4,

    ReserveSlot = 16,
    StartSlot = 17,
    CancelSlot = 18,
    SlotResultCommitted = 19,
    BudgetShared = 20,
    HeartbeatEchoed = 21,
    SlotWanted = 22,

    SlotReserved = 32,
    SlotRefused = 33,
    SlotStarted = 34,
    SlotProgressed = 35,
    SlotFinished = 36,
    NotPrimary = 37,
    ManagerHeartbeat = 38,
    BudgetAsked = 39,
    SlotDeferred = 40,
    SlotHeld = 41,

    StartAttempt = 48,
    StopAttempt = 49,
    AttemptResultCommitted = 50,
    HeartbeatAnswered = 51,

    WorkerHeartbeat = 64,
    AttemptAccepted = 65,
    AttemptRefused = 66,
    AttemptProgressed = 67,
    AttemptFinished = 68,

    Replication = 80,
    ReplicaHeartbeat = 81,
    ReplicaHeartbeatAnswered = 82,

    Membership = 96,

    ResourcesGossiped = 112,
}

/// <summary>The numbers of <see cref="ClientRequest"/> on the wire.</summary>
public enum RequestKind
{
    SubmitJob = 1,
    GetJob = 2,
    WatchJob = 3,
    ListJobs = 4,
    CancelJob = 5,
    GetCluster = 6,
    ExplainJob = 7,
    PreviewRoute = 8,
}

/// <summary>The numbers of <see cref="ClientResponse"/> on the wire.</summary>
public enum ResponseKind
{
    Accepted = 1,
    Status = 2,
    Jobs = 3,
    CancelAccepted = 4,
    Invalid = 5,
    NotFound = 6,
    Unavailable = 7,
    OutcomeUnknown = 8,
    Pending = 9,
    KeyReused = 10,
    KeyExpired = 11,
    Rejected = 12,
    Cluster = 13,
    Explained = 14,
    Routed = 15,
}
