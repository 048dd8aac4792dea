using System.Globalization;
using Hyperscale.Det.Jobs;
using Hyperscale.Det.Kernel;
using Hyperscale.Det.Nodes;
using Hyperscale.Det.Protocol;
using Hyperscale.Det.Sim.Engine;
using Barrier = Hyperscale.Det.Nodes.Barrier;

namespace Hyperscale.Det.Sim.Runs;

/// <summary>Writes a run as lines that people read: what happened, what each node took, answered and did.
/// </summary>
public sealed class TraceFile(TextWriter writer) : ITrace
{
    private const int LineMax = 240;

    private string _event = "";

    public void OnEvent(Instant at, SimEvent simEvent) => _event = simEvent.ToString() ?? "";

    public void OnStep(SimHost host, NodeInput input, NodeVerdict verdict, Outbox<NodeEffect> effects)
    {
        var at = host.Clock.WorldAt(host.LocalNow);
        Line($"{Time(at)} {host.Id,-16} {verdict,-12} <- {Describe(input)}   [{_event}]");
        foreach (var effect in effects.Effects) Line($"{"",14} {host.Id,-16} {"",-12} -> {Describe(effect)}");
    }

    public void OnNote(Instant at, string note) => Line($"{Time(at)} -- {note}");

    private static string Time(Instant at) =>
        string.Create(CultureInfo.InvariantCulture, $"{at.Nanoseconds / 1_000_000_000m,14:F6}");

    private static string Describe(NodeInput input) => input switch
    {
        NodeInput.Received received => $"from {received.From}: {Describe(received.Message)}",
        NodeInput.Started started =>
            $"Started boot {started.Boot}, {started.Recovered.Records.Count} records after "
            + $"{started.Recovered.SnapshotLsn}",
        NodeInput.Tick => "Tick",
        NodeInput.Durable durable => $"Durable {durable.Lsn}",
        NodeInput.SnapshotDurable durable => $"SnapshotDurable {durable.Lsn}",
        NodeInput.WorkloadReported reported => $"WorkloadReported {reported.Attempt} {Of(reported.Stats)}",
        NodeInput.WorkloadExited exited =>
            $"WorkloadExited {exited.Attempt} code {exited.ExitCode} {Of(exited.Stats)} {exited.Fault}",
        NodeInput.ClientRequested requested =>
            $"request {requested.RequestId}: {Describe(requested.Request)}",
        NodeInput.PeerLost lost => $"PeerLost {lost.Peer}",
        NodeInput.SendFailed failed => $"SendFailed {failed.Peer}: {Describe(failed.Message)}",
        _ => input.GetType().Name,
    };

    private static string Describe(NodeEffect effect) => effect switch
    {
        NodeEffect.Send send =>
            $"to {send.To}{When(send.Barrier)}: {Describe(send.Message)}",
        NodeEffect.SendDatagram datagram => $"datagram to {datagram.To}: {Describe(datagram.Message)}",
        NodeEffect.Append append => $"Append {append.Record.Payload.Length} bytes",
        NodeEffect.Snapshot snapshot => $"Snapshot at {snapshot.Lsn}, {snapshot.State.Length} bytes",
        NodeEffect.Reply reply => $"Reply {reply.RequestId}: {Describe(reply.Response)}",
        NodeEffect.StartWorkload start => $"StartWorkload {start.Attempt}",
        NodeEffect.Emit emit => $"Emit {emit.Event}",
        _ => $"{effect}",
    };

    private static string Describe(Message message) => message switch
    {
        Message.ClientCall call => $"ClientCall {call.CallId} hop {call.Hops}: {Describe(call.Request)}",
        Message.ClientAnswer answer => $"ClientAnswer {answer.CallId}: {Describe(answer.Response)}",
        Message.ReserveSlot reserve => $"ReserveSlot {reserve.Slot} fence {reserve.Fence}",
        Message.SlotFinished finished =>
            $"SlotFinished {finished.Slot} {finished.Outcome.State} ({finished.Outcome.Reason})",
        Message.SlotProgressed progressed =>
            $"SlotProgressed {progressed.Slot} revision {progressed.Revision}",
        Message.StartAttempt start => $"StartAttempt {start.Attempt} fence {start.Fence} boot {start.Boot}",
        Message.WorkerHeartbeat beat =>
            $"WorkerHeartbeat {beat.Sequence} boot {beat.Boot} cores {beat.Cores}: "
            + string.Join(' ', beat.Attempts.Select(one => $"{one.Attempt}{(one.IsFinished ? "!" : "")}")),
        Message.AttemptProgressed progressed =>
            $"AttemptProgressed {progressed.Attempt} {Of(progressed.Stats)}",
        Message.AttemptFinished finished =>
            $"AttemptFinished {finished.Attempt} {finished.Outcome.State} ({finished.Outcome.Reason}) "
            + Of(finished.Outcome.Stats),
        _ => $"{message}",
    };

    private static string Describe(ClientRequest request) =>
        request is ClientRequest.SubmitJob submit ? $"SubmitJob {submit.Spec.Name}" : $"{request}";

    private static string Describe(ClientResponse response) => response switch
    {
        ClientResponse.Status status => $"Status {Of(status.Job)}",
        ClientResponse.CancelAccepted cancelled => $"CancelAccepted {Of(cancelled.Job)}",
        ClientResponse.Jobs jobs => $"Jobs {jobs.List.Count}, {jobs.Missing.Count} gates missing",
        _ => $"{response}",
    };

    private static string When(Barrier barrier) => barrier == Barrier.Durable ? " once durable" : "";

    private static string Of(JobStatus job) =>
        $"{job.Id} {job.State} ({job.Reason}) revision {job.Revision} "
        + string.Join(' ', job.Slots.Select(slot => $"{slot.Slot}:{slot.Datacenter}:{slot.Phase}"));

    private static string Of(RunStats stats) => $"{stats.Requests} requests, {stats.Errors} errors";

    private void Line(string line) =>
        writer.WriteLine(line.Length <= LineMax ? line : string.Concat(line.AsSpan(0, LineMax), "..."));
}
