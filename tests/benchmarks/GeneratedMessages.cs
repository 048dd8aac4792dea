using Hyperscale.Det.Protocol;
using Nerdbank.MessagePack;
using PolyType;

namespace Hyperscale.Det.Benchmarks;

/// <summary>The sample messages as the generated serializer likes them best: numbered members, so that
/// records are arrays without names, and lists and histograms of plain structs.</summary>
[DerivedTypeShape(typeof(GeneratedCall), Tag = 1)]
[DerivedTypeShape(typeof(GeneratedFinished), Tag = 36)]
[DerivedTypeShape(typeof(GeneratedHeartbeat), Tag = 38)]
internal abstract record GeneratedMessage
{
    public static GeneratedMessage Of(Message message) => message switch
    {
        Message.ManagerHeartbeat m => new GeneratedHeartbeat(
            m.Datacenter, m.Boot.Value, m.Version, m.IsPrimary, m.Workers, m.CoresTotal, m.CoresFree,
            m.LargestWorkerCores, m.QueuedWorkflows),
        Message.ClientCall { Request: ClientRequest.SubmitJob submit } call => new GeneratedCall(
            call.CallId, call.Hops, new GeneratedSubmit(GeneratedJob.Of(submit.Spec))),
        Message.SlotFinished m => new GeneratedFinished(
            GeneratedSlot.Of(m.Slot), m.Outcome.State, m.Outcome.Reason,
            [.. m.Outcome.Workflows.Select(GeneratedResult.Of)]),
        _ => throw new ArgumentException($"{message} has no generated form"),
    };
}

[GenerateShapeFor<GeneratedMessage>]
internal sealed partial class GeneratedShapes;

internal sealed record GeneratedHeartbeat(
    [property: Key(0)] string Datacenter,
    [property: Key(1)] ulong Boot,
    [property: Key(2)] long Version,
    [property: Key(3)] bool IsPrimary,
    [property: Key(4)] int Workers,
    [property: Key(5)] int CoresTotal,
    [property: Key(6)] int CoresFree,
    [property: Key(7)] int LargestWorkerCores,
    [property: Key(8)] int QueuedWorkflows) : GeneratedMessage;

internal sealed record GeneratedCall(
    [property: Key(0)] long CallId,
    [property: Key(1)] int Hops,
    [property: Key(2)] GeneratedRequest Request) : GeneratedMessage;

[DerivedTypeShape(typeof(GeneratedSubmit), Tag = 1)]
internal abstract record GeneratedRequest;
