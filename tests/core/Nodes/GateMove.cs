using CsCheck;
using Hyperscale.Det.Idempotency;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Resources;
using Hyperscale.Det.Tests.Core.Idempotency;
using Hyperscale.Det.Tests.Core.Protocol;

namespace Hyperscale.Det.Tests.Core.Nodes;

/// <summary>An arbitrary input, most of the time about jobs and slots that there are.</summary>
internal sealed record GateMove(int Kind, Message Message, ClientRequest Request, ulong Seed)
{
    private static readonly NodeId[] Nodes =
    [
        GateBench.East, GateBench.East, GateBench.West, GateBench.EastSecond, GateBench.GateB,
        GateBench.Client,
    ];

    public static readonly Gen<GateMove> Gen = CsCheck.Gen.Select(
        CsCheck.Gen.Int[0, 19], MessageGens.Message, MessageGens.Request, CsCheck.Gen.ULong,
        (kind, message, request, seed) => new GateMove(kind, message, request, seed));

    /// <summary>The input for a gate in the state of this one.</summary>
    public NodeInput Meaning(GateBench bench, long requestId)
    {
        var rng = new Rng(Seed);
        var node = rng.Pick(Nodes);
        return Kind switch
        {
            0 => new NodeInput.PeerLost(node),
            1 => new NodeInput.SendFailed(node, (Message?)Sent(bench, rng) ?? Message),
            2 => new NodeInput.SnapshotDurable(1),
            3 when rng.Chance(1, 2) => new NodeInput.WorkloadReported(default, RunStats.None),
            3 => new NodeInput.ResourcesSampled([], new NodeReading(bench.Now, 1, 2, 3)),
            4 => new NodeInput.WorkloadExited(default, null, RunStats.None, default, null),
            5 or 6 => new NodeInput.ClientRequested(requestId, Aim(Request, bench, rng)),
            7 => new NodeInput.Tick(new WallTime(rng.Below(10_000_000))),
            8 => new NodeInput.Received(node, Answer(bench, rng) ?? Message),
            _ => new NodeInput.Received(node, Aim(Message, bench, rng)),
        };
    }

    private static Message.ClientCall? Sent(GateBench bench, Rng rng)
    {
        var calls = bench.Sent.Select(sent => sent.Message).OfType<Message.ClientCall>().ToList();
        return calls.Count == 0 ? null : rng.Pick(calls);
    }

    private Message? Answer(GateBench bench, Rng rng) =>
        Sent(bench, rng) is { } call && Message is Message.ClientAnswer answer
            ? answer with { CallId = call.CallId }
            : null;

    private static ClientRequest Aim(ClientRequest request, GateBench bench, Rng rng)
    {
        var job = KeyOf(bench, rng).Job;
        return request switch
        {
            ClientRequest.SubmitJob when rng.Chance(1, 3) => new ClientRequest.SubmitJob(
                Specs.Job(1 + (int)rng.Below(2), 1 + (int)rng.Below(8), rng.Chance(1, 2)
                    ? Specs.BestEffort(1, Duration.FromSeconds(rng.Below(9)))
                    : null)),
            // Few keys, so that they meet again; mostly with the payload that they had.
            ClientRequest.SubmitJob => new ClientRequest.SubmitJob(
                Specs.Job(count: rng.Chance(1, 6) ? 9 : 1 + (int)rng.Below(2)),
                rng.Chance(1, 2)
                    ? KeyGens.Opaque($"key-{rng.Below(4)}")
                    : IdempotencyKey.Of("client", rng.Below(4), 7)),
            ClientRequest.GetJob => new ClientRequest.GetJob(job),
            ClientRequest.ExplainJob => new ClientRequest.ExplainJob(job),
            ClientRequest.WatchJob watch => watch with { Job = job },
            ClientRequest.CancelJob => new ClientRequest.CancelJob(job),
            _ => request,
        };
    }

    private static Message Aim(Message message, GateBench bench, Rng rng)
    {
        var key = KeyOf(bench, rng);
        return message switch
        {
            Message.ClientCall call => call with
            {
                Hops = call.Hops % 5,
                Request = Aim(call.Request, bench, rng),
            },
            Message.SlotReserved reserved => reserved with { Slot = key },
            Message.SlotRefused refused => refused with { Slot = key },
            Message.SlotDeferred deferred => deferred with { Slot = key },
            Message.SlotStarted started => started with { Slot = key },
            Message.SlotProgressed progressed => progressed with
            {
                Slot = key,
                Workflows = rng.Chance(1, 4) ? progressed.Workflows : [],
            },
            Message.SlotFinished finished => finished with
            {
                Slot = key,
                Outcome = rng.Chance(1, 4) ? finished.Outcome : Specs.Outcome(finished.Outcome.State),
            },
            Message.NotPrimary other => other with { Slot = key },
            Message.SlotHeld held => held with { Slot = key },
            Message.BudgetAsked asked => asked with { Slot = key, Revision = asked.Revision % 3 },
            Message.ManagerHeartbeat heartbeat => heartbeat with
            {
                Datacenter = rng.Chance(1, 2) ? "east" : "west",
                Boot = new BootId((ulong)rng.Below(3)),
                Version = rng.Below(1000),
                LargestWorkerCores = (int)rng.Below(10),
            },
            _ => message,
        };
    }

    /// <summary>A slot of a job that there is, now and then of another epoch, or any other slot.</summary>
    private static SlotKey KeyOf(GateBench bench, Rng rng)
    {
        var jobs = bench.Gate.Ledger.All.ToList();
        if (jobs.Count == 0 || rng.Chance(1, 20))
        {
            var other = new JobId((int)rng.Below(3), rng.Below(50));
            return new SlotKey(other, (int)rng.Below(3), (int)rng.Below(3));
        }

        var job = jobs[(int)rng.Below(jobs.Count)];
        var slot = job.Slots[(int)rng.Below(job.Slots.Count)];
        var epoch = rng.Chance(1, 10) ? slot.Epoch + (int)rng.Between(-1, 1) : slot.Epoch;
        return new SlotKey(job.Id, slot.Slot, epoch);
    }
}
